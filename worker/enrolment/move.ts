/**
 * Another device for the same owner, let in by one that they have: it invites, the new one makes its key, and nothing is enrolled
 * before the inviting device has approved exactly that key. What is let in so is held for a while (POST /system/setConfig,
 * DeviceHoldSeconds): it answers nothing. All others are told, and for a day each of them can stop it, however long it is held.
 */
import type { EnrolmentWaiting, MoveAnswer } from '../../schema/device.ts'
import { thumbprint } from '../../schema/jws.ts'
import type { Origin } from '../../schema/signing.ts'
import { changeTokens } from '../challenge/change-tokens.ts'
import { codeFor } from '../challenge/code.ts'
import type { Address } from '../challenge/desk/desk.ts'
import { reach } from '../challenge/reach.ts'
import { triggerChallenge } from '../challenge/trigger.ts'
import { type Context, nowSeconds } from '../env.ts'
import { isGranted } from '../policy/match.ts'
import { refuse } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'
import { exceeded } from '../store/limits.ts'
import { findPerson } from '../store/people.ts'
import { readPolicies } from '../store/policies.ts'
import { readSettings } from '../store/settings.ts'
import { updateToken } from '../store/tokens/change.ts'
import { findToken, tokensOf } from '../store/tokens/find.ts'
import type { TokenRow } from '../store/tokens/row.ts'
import { stopAdded } from '../store/tokens/stop.ts'
import { tellStopped } from '../webhook/tell.ts'
import { stoppableSeconds } from './added.ts'
import { beginEnrolment } from './begin.ts'
import type { Member } from './change.ts'
import { limitsFor, oneMore } from './limits.ts'

/** A slash is in no application's id: what is asked here is redeemed here alone. */
const moving = '/move'

/** @throws Refusal device_held: what was let in lets in nobody. */
function checkNotHeld(context: Context, { heldUntil = null }: Member): void {
  if (heldUntil !== null && heldUntil > nowSeconds(context))
    refuse({ reason: 'device_held', untilAt: heldUntil })
}

/** @throws Refusal device_held · move_not_granted */
export async function beginMove(
  context: Context,
  member: Member,
  client: string | null,
): Promise<MoveAnswer> {
  checkNotHeld(context, member)
  const { customer } = member.address
  const token = await findToken(context.db, member.serial)
  const person = token?.person ? await findPerson(context, token.person) : null
  // An administrator's device is for the administrator to invite, with an approval; nobody's for whoever manages it.
  if (!token || !person || token.realm === null) refuse({ reason: 'move_not_granted' })
  const { realm, realms, pinHash } = token
  const about = { user: person.username, realm, resolver: person.resolver }
  const subject = { ...about, nowMs: context.nowMs(), ...(client !== null && { client }) }
  if (!isGranted(await readPolicies(context, customer), 'user', 'enrollPUSH', subject))
    refuse({ reason: 'move_not_granted' })
  const begun = await beginEnrolment(context, {
    ...{ customer, client, realms },
    person: { ...person, realm, ownerId: member.address.ownerId },
    serial: '',
    description: '',
    pin: { hash: pinHash },
    movesFrom: member.serial,
    by: { name: member.serial, application: moving },
  })
  const { serial, link, code, expiresAt } = begun
  return { serial, link, code, expiresAt }
}

type Move = {
  serial: string
  /** The device that invited. */
  movesFrom: string
  customer: string
}

/** @returns null where no device made the invitation, or the one that it was for is in already. @throws Refusal enrolment_unknown */
export async function openMove(
  context: Context,
  { serial, movesFrom }: { serial: string; movesFrom: string | null },
): Promise<Move | null> {
  if (movesFrom === null) return null
  const token = await findToken(context.db, serial)
  if (!token) refuse({ reason: 'enrolment_unknown' })
  const { customer, rolloutState } = token
  return rolloutState === 'enrolled' ? null : { serial, movesFrom, customer }
}

export type Moving = Omit<Move, 'customer'> & {
  /** The thumbprint of the new key. */
  bound: string
  deviceName: string
  origin: Origin
  client: string | null
}

/**
 * @returns what to wait for, or null once the inviting device has approved this key. The question is one for this key, however often
 * it is asked for; the approval of another key's is another question's. @throws Refusal move_refused
 */
export async function askInviter(
  context: Context,
  address: Address,
  { serial, movesFrom, bound, deviceName, origin, client }: Moving,
): Promise<EnrolmentWaiting | null> {
  const { master, issuer } = context.deployment
  const found = await readSettings(context, address.customer)
  const inviter = await findToken(context.db, movesFrom)
  const asked = await triggerChallenge(
    context,
    { address, serials: [movesFrom], person: inviter?.person ?? null, about: {} },
    {
      application: { id: moving, name: issuer },
      ...{ origin, client },
      firstFactor: true,
      newDevice: { thumbprint: bound, name: deviceName },
      own: { text: '', settings: { ...found, matchCode: 1 } },
      idempotency: { key: `${serial}/${bound}`, request: bound },
    },
  )
  if (!asked.ok) refuse({ reason: 'move_refused' })
  const { transactionId, challenge, answerableUntilAt: expiresAt } = asked
  const status = await reach(context, address, (object) => object.status(transactionId))
  if (status?.state === 'pending')
    return {
      waiting: {
        code: await codeFor(master, challenge),
        transaction: transactionId,
        expiresAt,
      },
    }
  // The same attempt again is told the same: an answer can be lost between here and the enrolment.
  const redeeming = { transactionId, application: moving, attempt: bound, pass: '', terms: {} }
  const redeemed = await reach(context, address, (object) => object.redeem(address, redeeming))
  if (!redeemed.ok || !('serial' in redeemed) || redeemed.serial !== movesFrom)
    refuse({ reason: 'move_refused' })
  return null
}

/** Until when it answers nothing, and until when it can be stopped. */
export async function probation(context: Context, customer: string, now: number) {
  const { deviceHoldSeconds } = await readSettings(context, customer)
  const stoppableUntil = now + Math.max(deviceHoldSeconds, stoppableSeconds)
  return { heldUntil: now + deviceHoldSeconds, stoppableUntil }
}

/** The new one is in: everybody hears of it, and who has one device too many loses the old one when the new one may answer. */
export async function letIn(context: Context, token: TokenRow, movesFrom: string): Promise<void> {
  const { customer, serial, deviceName, realm } = token
  const address = { ownerId: token.ownerId as Address['ownerId'], customer }
  await endIfTooMany(context, address, token, movesFrom)
  await reach(context, address, (object) => object.tellNewcomer(address, { serial, ring: true }))
  await writeAudit(context, {
    ...{ customer, serial },
    action: 'device_move',
    success: true,
    realm: realm ?? undefined,
    detail: { from: movesFrom, deviceName, heldUntil: token.heldUntil },
  })
}

async function endIfTooMany(
  context: Context,
  address: Address,
  { customer, person: id, realm, heldUntil: until }: TokenRow,
  movesFrom: string,
): Promise<void> {
  const person = id === null ? null : await findPerson(context, id)
  if (!person || realm === null) return
  const limits = await limitsFor(context, {
    ...{ customer, type: 'push' as const, realms: [realm] },
    person: { ...person, realm, ownerId: address.ownerId },
    bySelf: true,
  })
  if (await exceeded(context.db, limits.map(oneMore)))
    await goAt(context, address, movesFrom, until ?? nowSeconds(context))
}

async function goAt(
  context: Context,
  address: Address,
  serial: string,
  at: number | null,
): Promise<void> {
  await changeTokens(context, address, () => updateToken(context.db, serial, { validUntil: at }))
}

/** Whether this device goes when that one may answer. @throws Refusal device_held · newcomer_unknown */
export async function leaveFor(
  context: Context,
  member: Member,
  serial: string,
  leave: boolean,
): Promise<void> {
  checkNotHeld(context, member)
  const { address } = member
  const [own, added] = [
    await findToken(context.db, member.serial),
    await findToken(context.db, serial),
  ]
  const until = added?.ownerId === address.ownerId && !added.revoked ? added.heldUntil : null
  if (!own || until === null || until <= nowSeconds(context)) refuse({ reason: 'newcomer_unknown' })
  // An end that an administrator set is not ours to move.
  if (own.validUntil !== null && own.validUntil !== until) refuse({ reason: 'newcomer_unknown' })
  await goAt(context, address, member.serial, leave ? until : null)
}

/** @throws Refusal device_held · newcomer_unknown */
export async function stopNewcomer(
  context: Context,
  member: Member,
  serial: string,
): Promise<void> {
  const now = nowSeconds(context)
  const { address, stoppableUntil = null } = member
  // What can still be stopped stops nobody: else a thief's would stop the one that takes its place.
  if (stoppableUntil !== null && stoppableUntil > now)
    refuse({ reason: 'device_held', untilAt: stoppableUntil })
  if (!(await stop(context, address, serial, member.serial))) refuse({ reason: 'newcomer_unknown' })
}

/** Its person says that they did not let it in. @returns whether there is one of this key that could still be stopped. */
export async function stopByKey(
  context: Context,
  address: Address,
  { bound, by }: { bound: string; by: string },
): Promise<boolean> {
  for (const { serial, publicKey } of await tokensOf(context.db, address.ownerId))
    if (publicKey && (await thumbprint(publicKey)) === bound)
      return stop(context, address, serial, by)
  return false
}

async function stop(
  context: Context,
  address: Address,
  serial: string,
  by: string,
): Promise<boolean> {
  const { ownerId, customer } = address
  const stopped = await changeTokens(context, address, () =>
    stopAdded(context.db, { ownerId, serial, now: nowSeconds(context) }),
  )
  await writeAudit(context, {
    ...{ customer, serial },
    action: 'device_stop',
    success: stopped,
    detail: { by },
  })
  if (!stopped) return false
  await reach(context, address, (object) => object.tellNewcomer(address, { serial, ring: false }))
  const token = await findToken(context.db, serial)
  if (token) await tellStopped(context, token)
  return true
}
