/**
 * The secret of an enrolment and what is made from it. It is a sealed id, so it finds its owner by itself; the typed code is
 * made from it and, like it, kept only as a hash.
 */
import { sha256, toBase64url } from '../../schema/encoding.ts'
import { enrolmentCodeLength, enrolmentLocatorLength } from '../../schema/limits.ts'
import { isCrockford, normaliseCrockford, toCrockford } from '../../schema/crockford.ts'
import type { EnrolmentProof } from '../challenge/desk/enrolment.ts'
import type { Address } from '../challenge/desk/desk.ts'
import { hmac } from '../crypto/derive.ts'
import { type OwnerId, openId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { definitions } from '../policy/settings.ts'
import { refuse } from '../problem.ts'
import { locateEnrolment } from '../store/enrolments.ts'

export const codeOf = async (context: Context, secret: string): Promise<string> =>
  toCrockford(await hmac(context.deployment.master, 'enrolment-code', secret), enrolmentCodeLength)

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
export type Routed = { address: Address; proof: EnrolmentProof; code: string }

/** Finds whose enrolment this is. @throws Refusal bad_parameter · enrolment_unknown */
export async function routeInvitation(
  context: Context,
  customer: string,
  presented: Presented,
): Promise<Routed> {
  const { secret, code } = presented
  if ((secret === undefined) === (code === undefined))
    refuse({
      reason: 'bad_parameter',
      field: 'secret',
      mend: 'or code must be given, and not both',
    })
  if (secret !== undefined) {
    const now = nowSeconds(context)
    const opened = await openId(sealing(context), secret, now)
    if (!opened) refuse({ reason: 'enrolment_unknown' })
    // Kept by nobody any more, so nobody is woken for it.
    if (opened.madeAt + definitions.enrolmentSeconds.max < now)
      refuse({ reason: 'enrolment_expired' })
    const proof = { secretHash: await sha256(secret) }
    return {
      address: { ownerId: opened.ownerId, customer },
      proof,
      code: await codeOf(context, secret),
    }
  }
  const typed = normaliseCrockford(code ?? '')
  if (!isCrockford(typed, enrolmentCodeLength))
    refuse({
      reason: 'bad_parameter',
      field: 'code',
      mend: `must be ${enrolmentCodeLength} letters and digits`,
    })
  const located = await locateEnrolment(context.db, locatorOf(typed), nowSeconds(context))
  if (located?.customer !== customer) refuse({ reason: 'enrolment_unknown' })
  const address = { ownerId: located.ownerId as OwnerId, customer }
  return {
    address,
    proof: { serial: located.serial, codeHash: await codeHashOf(context, typed) },
    code: typed,
  }
}
