/** Begins an enrolment: a token that waits for its device, and the invitation that brings the device here. */
import { sha256 } from '../../schema/encoding.ts'
import { enrolmentLink } from '../../schema/enrolment-link.ts'
import { reach } from '../challenge/reach.ts'
import { ownerIdOf } from '../crypto/owner.ts'
import { type OwnerId, sealId } from '../crypto/sealed-id.ts'
import { ownApp } from '../policy/push-ways.ts'
import { type Context, nowSeconds } from '../env.ts'
import { hashPin } from '../factor/pin.ts'
import { refuse } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'
import { insertEnrolment } from '../store/enrolments.ts'
import { readSettings } from '../store/settings.ts'
import { accountOf } from '../store/owner.ts'
import { updateToken } from '../store/tokens/change.ts'
import { findToken } from '../store/tokens/find.ts'
import { insertToken } from '../store/tokens/insert.ts'
import type { TokenRow } from '../store/tokens/row.ts'
import type { Person } from '../store/people.ts'
import { stoppableFrom } from './added.ts'
import { checkLimits, limitsFor, oneMore, refuseInsert } from './limits.ts'
import { pushTermsFor } from './push-terms.ts'
import { serialFor, serialTaken } from './serial.ts'
import { stockLink } from './stock-link.ts'
import { labelFor } from './label.ts'
import { codeHashOf, codeOf, locatorOf } from './invitation.ts'

export type Begin = {
  customer: string
  person: (Person & { realm: string; ownerId: OwnerId }) | null
  /** An administrator's own device: no policy about people is asked. */
  account?: { id: string; username: string; ownerId: OwnerId }
  /** '' for a new one. */
  serial: string
  description: string
  /** As typed, or as another token has it. */
  pin: string | { hash: string | null }
  /** The device of theirs that invites, and will have to approve: one more than they may have, for as long as a move takes. */
  movesFrom?: string
  /** Realms it is seen in beside the owner's. */
  realms?: string[]
  client?: string | null
  /** A login began it: no token before a device has finished. */
  byLogin?: boolean
  /** The person themselves. */
  bySelf?: boolean
  validFrom?: number | null
  validUntil?: number | null
  /** For the audit trail. */
  by: { name: string; application: string }
}
export type Begun = {
  serial: string
  secret: string
  code: string
  /** For our own app. */
  link: string
  /** For the privacyIDEA app, where policy has push tokens enrolled with it; our own takes this invitation too. */
  stockLink: string | null
  expiresAt: number
}

/** A locator, twenty bits of it free, may be taken; so often in a row it never is. */
const locatorTries = 8

/** @throws Refusal enrolment_policy_missing */
export async function beginEnrolment(context: Context, begin: Begin): Promise<Begun> {
  const { master, origin, rootThumbprint } = context.deployment
  const now = nowSeconds(context)
  const { enrolmentSeconds, maxFailCount } = await readSettings(context, begin.customer)
  const terms = begin.account
    ? { configuration: ownApp, seconds: enrolmentSeconds }
    : await pushTermsFor(context, begin.customer, aboutOf(begin), enrolmentSeconds)
  const expiresAt = now + terms.seconds
  const serial = serialFor(context, 'push', begin.serial)
  const ownerId =
    begin.person?.ownerId ??
    begin.account?.ownerId ??
    (await ownerIdOf(master, { kind: 'token', customer: begin.customer, serial }, context.database))
  const waiting = begin.serial === '' ? null : await findToken(context.db, serial)
  if (waiting && !mayEnrolAgain(waiting, begin.customer, ownerId)) serialTaken()
  const { customer, person, realms = [], client = null } = begin
  const seenIn = [...new Set([...(person ? [person.realm] : []), ...realms])]
  const limited = {
    customer,
    type: 'push' as const,
    person,
    realms: seenIn,
    client,
    bySelf: begin.bySelf === true || begin.movesFrom !== undefined,
  }
  const most = waiting || begin.account ? [] : await limitsFor(context, limited)
  const limits = begin.movesFrom === undefined ? most : most.map(oneMore)
  await checkLimits(context, limits)
  const pinHash =
    typeof begin.pin === 'string' ? await hashPin(context, begin.pin, ownerId) : begin.pin.hash
  const account = begin.person
    ? accountOf(begin.person)
    : begin.account?.username || begin.description || serial

  const { secret, code } = await reserve(context, {
    customer: begin.customer,
    ownerId,
    serial,
    expiresAt,
  })
  const token = {
    type: 'push' as const,
    rolloutState: 'clientwait' as const,
    maxFailCount,
    serial,
    customer: begin.customer,
    ownerId,
    person: begin.person?.id ?? null,
    account: begin.account?.id ?? null,
    realm: begin.person?.realm ?? null,
    realms,
    description: begin.description,
    pinHash,
    createdAt: now,
    enrolmentExpiresAt: expiresAt,
    pushConfiguration: terms.configuration,
    begunByLogin: begin.byLogin === true,
    validFrom: begin.validFrom ?? null,
    validUntil: begin.validUntil ?? null,
    assignedAt: begin.person && now,
    stoppableUntil: begin.bySelf ? await stoppableFrom(context, ownerId, expiresAt) : null,
  }
  const again = { pushConfiguration: terms.configuration, ...(pinHash !== null && { pinHash }) }
  if (waiting) await updateToken(context.db, serial, again)
  else if (!(await insertToken(context.db, token, limits)))
    await refuseInsert(context, serial, limits)
  const begun = {
    serial,
    secretHash: await sha256(secret),
    codeHash: await codeHashOf(context, code),
    account,
    expiresAt,
    movesFrom: begin.movesFrom ?? null,
  }
  await reach(context, { ownerId, customer: begin.customer }, (object) =>
    object.enrolmentBegun(begun),
  )
  await writeAudit(context, {
    customer: begin.customer,
    action: 'enrolment_begin',
    success: true,
    serial,
    user: begin.person?.username,
    realm: begin.person?.realm,
    application: begin.by.application,
    client: begin.client ?? undefined,
    detail: { by: begin.by.name },
  })
  const link = enrolmentLink(origin, secret, rootThumbprint)
  const forStock =
    terms.configuration === ownApp || !('url' in terms)
      ? null
      : stockLink(terms, await labelFor(context, { customer, serial, person, client }), {
          serial,
          secret,
        })
  return { serial, secret, code, link, stockLink: forStock, expiresAt }
}

/** For the policies. */
const aboutOf = ({ person, client }: Begin) => ({
  ...(person && { user: person.username, realm: person.realm, resolver: person.resolver }),
  ...(client && { client }),
})

/** A token whose device is gone, or never came, takes another invitation; the one before is void. */
const mayEnrolAgain = (token: TokenRow, customer: string, ownerId: OwnerId): boolean =>
  token.customer === customer &&
  token.ownerId === ownerId &&
  token.type === 'push' &&
  token.rolloutState === 'clientwait' &&
  !token.revoked

/** Takes secrets until one has a locator that no open enrolment has. */
async function reserve(
  context: Context,
  enrolment: { customer: string; ownerId: OwnerId; serial: string; expiresAt: number },
): Promise<{ secret: string; code: string }> {
  const { master } = context.deployment
  const now = nowSeconds(context)
  for (let tried = 0; tried < locatorTries; tried++) {
    const secret = await sealId(
      { master, kind: 'enrolment' },
      enrolment.ownerId,
      now,
      context.random,
    )
    const code = await codeOf(context, secret, context.database)
    if (await insertEnrolment(context.db, { ...enrolment, locator: locatorOf(code) }, now))
      return { secret, code }
  }
  return refuse({ reason: 'too_many_requests', retryAfterSeconds: 60, what: 'open enrolments' })
}
