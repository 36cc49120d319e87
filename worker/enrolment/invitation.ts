/**
 * The secret of an enrolment and what is made from it. It is a sealed id, so it finds its owner by itself; the typed code is
 * made from it and, like it, kept only as a hash.
 */
import { sha256, toBase64url } from '../../schema/encoding.ts'
import { enrolmentCodeLength, enrolmentLocatorLength } from '../../schema/limits.ts'
import {
  isCrockford,
  letterAt,
  normaliseCrockford,
  toCrockford,
  valueOf,
} from '../../schema/crockford.ts'
import type { EnrolmentProof } from '../challenge/desk/enrolment.ts'
import type { Found } from '../challenge/desk/desk.ts'
import { hmac } from '../crypto/derive.ts'
import { databaseOf } from '../crypto/owner.ts'
import { type OwnerId, openId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { definitions } from '../policy/settings.ts'
import { refuse } from '../problem.ts'
import { databasesOf, inDatabase } from '../store/databases.ts'
import { locateEnrolment } from '../store/enrolments.ts'

/** Its first letter says the database, hidden by those it stands before: whoever types a code shows the way. */
export async function codeOf(context: Context, secret: string, database: number): Promise<string> {
  const { master } = context.deployment
  const code = toCrockford(await hmac(master, 'enrolment-code', secret), enrolmentCodeLength)
  return letterAt(hiding(code) + database) + code.slice(1)
}

const hiding = (code: string): number =>
  [...locatorOf(code).slice(1)].reduce((sum, letter) => sum + valueOf(letter), 0)

/** Databases whose codes may begin so: one, where no more than 32 are bound. */
function databasesFor(context: Context, code: string): number[] {
  const all = databasesOf(context.env)
  if (all.length === 1) return all
  const said = valueOf(code.charAt(0)) - hiding(code)
  return all.filter((database) => (database - said) % 32 === 0)
}

export const locatorOf = (code: string): string => code.slice(0, enrolmentLocatorLength)

/** Only 35 bits of the code are secret, so the hash is keyed: a stolen database cannot try them. */
export const codeHashOf = async (context: Context, code: string): Promise<string> =>
  toBase64url(await hmac(context.deployment.master, 'enrolment-code-hash', code))

const sealing = ({ deployment }: Context) => ({
  master: deployment.master,
  kind: 'enrolment' as const,
})

/** @returns whose enrolment this secret is for, or null where it is none of ours. */
export async function ownerInvited(context: Context, secret: string): Promise<OwnerId | null> {
  const opened = await openId(sealing(context), secret, nowSeconds(context))
  return opened && opened.ownerId
}

export type Presented = { secret?: string | undefined; code?: string | undefined }
/** With the request as one about the customer whose it is. */
export type Routed = { context: Context; address: Found; proof: EnrolmentProof; code: string }

/** Finds whose enrolment this is. @throws Refusal bad_parameter · enrolment_unknown */
export async function routeInvitation(called: Context, presented: Presented): Promise<Routed> {
  const { secret, code } = presented
  if ((secret === undefined) === (code === undefined))
    refuse({
      reason: 'bad_parameter',
      field: 'secret',
      mend: 'or code must be given, and not both',
    })
  if (secret !== undefined) {
    const now = nowSeconds(called)
    const opened = await openId(sealing(called), secret, now)
    const context = opened && inDatabase(called, databaseOf(opened.ownerId))
    if (!context) refuse({ reason: 'enrolment_unknown' })
    // Kept by nobody any more, so nobody is woken for it.
    if (opened.madeAt + definitions.enrolmentSeconds.max < now)
      refuse({ reason: 'enrolment_expired' })
    const proof = { secretHash: await sha256(secret) }
    const code = await codeOf(context, secret, context.database)
    return { context, address: { ownerId: opened.ownerId }, proof, code }
  }
  const typed = normaliseCrockford(code ?? '')
  if (!isCrockford(typed, enrolmentCodeLength))
    refuse({
      reason: 'bad_parameter',
      field: 'code',
      mend: `must be ${enrolmentCodeLength} letters and digits`,
    })
  const all = databasesFor(called, typed).map(async (database) => {
    const context = inDatabase(called, database)
    const located =
      context && (await locateEnrolment(context.db, locatorOf(typed), nowSeconds(context)))
    return located && { context, located }
  })
  const found = (await Promise.all(all)).find((one) => one !== null)
  if (!found) refuse({ reason: 'enrolment_unknown' })
  const { context, located } = found
  const { serial, customer } = located
  return {
    context,
    address: { ownerId: located.ownerId as OwnerId, customer },
    proof: { serial, codeHash: await codeHashOf(context, typed) },
    code: typed,
  }
}
