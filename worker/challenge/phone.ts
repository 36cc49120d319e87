/**
 * What stock phones ask and answer. A phone says its serial and signs: its owner and its key are looked up once, remembered,
 * and looked at again by the owner's object. A forged request wakes nobody.
 */
import { toBase64url } from '../../schema/encoding.ts'
import { phoneAnswerText, phonePollText } from '../../schema/signing.ts'
import { isSignedByPhone } from '../crypto/rsa.ts'
import { openId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { type Phone, phoneNamed } from '../store/phones.ts'
import { saidOf } from '../store/policies.ts'
import type { PhoneAnswer, PhoneAnswered } from './desk/phone.ts'
import type { PhoneChallenge } from './desk/phone-challenge.ts'
import { longestLifeSeconds } from './follow.ts'
import { reach } from './reach.ts'

const pollSkewSeconds = 60

export type PhonePoll = {
  serial: string
  timestamp: string
  signature: string
  /** From where, as far as it is known: policies may ask. */
  client: string | null
}

/** @throws Refusal polling_denied · phone_timestamp · phone_signature */
export async function pollByPhone(
  context: Context,
  customer: string,
  { serial, timestamp, signature, client }: PhonePoll,
): Promise<PhoneChallenge[]> {
  checkTimestamp(context, timestamp, pollSkewSeconds)
  const phone = await phoneNamed(context, customer, serial)
  const about = { ...phone?.about, ...(client !== null && { client }) }
  const allowed = await saidOf(context, customer, 'authentication', 'push_allow_polling', about)
  if (allowed === 'deny') refuse({ reason: 'polling_denied' })
  if (
    !phone ||
    !(await isSignedByPhone(phone.key, phonePollText({ serial, timestamp }), signature))
  )
    refuse({ reason: 'phone_signature' })
  const address = { ownerId: phone.ownerId, customer }
  const asking = { serial, key: phone.key, byToken: allowed === 'token' }
  const open = await reach(context, address, (object) => object.openForPhone(address, asking))
  if (open.ok) return open.challenges
  return refuse({ reason: open.reason === 'polling_denied' ? open.reason : 'phone_signature' })
}

/** What is longer is no time, and is not repeated whole. */
const longestTimestamp = 64

/** ISO 8601; one without a zone is UTC. @returns epoch milliseconds. @throws Refusal phone_timestamp */
export function checkTimestamp(context: Context, given: string, skewSeconds: number): number {
  const timestamp = given.slice(0, longestTimestamp)
  const iso = /^\d{4}-?\d\d-?\d\d[T ]\d\d(:?\d\d){0,2}([.,]\d+)?(Z|[+-]\d\d(:?\d\d)?)?$/i
  const zoned = /(Z|[+-]\d\d(:?\d\d)?)$/i.test(timestamp.slice(10))
  const atMs = iso.test(timestamp) ? Date.parse(zoned ? timestamp : `${timestamp}Z`) : Number.NaN
  if (Number.isNaN(atMs)) refuse({ reason: 'phone_timestamp', timestamp, why: 'form' })
  if (Math.abs(context.nowMs() - atMs) > skewSeconds * 1000)
    refuse({ reason: 'phone_timestamp', timestamp, why: 'range' })
  return atMs
}

/** @throws Refusal serial_not_found. What is not genuine, not open or not in force is answered, and not accepted. */
export async function answerByPhone(
  context: Context,
  customer: string,
  { serial, ...answer }: PhoneAnswer & { serial: string },
): Promise<PhoneAnswered> {
  const phone = await phoneNamed(context, customer, serial)
  if (!phone) refuse({ reason: 'serial_not_found' })
  if (answer.nonce !== null && !(await isGenuine(context, phone, serial, answer)))
    return { accepted: false }
  const address = { ownerId: phone.ownerId, customer }
  const attempt = toBase64url(context.random(12))
  return reach(context, address, (object) =>
    object.answerByPhone(address, { serial, key: phone.key, attempt, answer }),
  )
}

/** With a nonce of ours, of this owner, that is not long over. */
async function isGenuine(
  context: Context,
  phone: Phone,
  serial: string,
  { nonce, signature, ...said }: PhoneAnswer,
): Promise<boolean> {
  const now = nowSeconds(context)
  const sealing = { master: context.deployment.master, kind: 'challenge' as const }
  const opened = await openId(sealing, nonce ?? '', now)
  if (opened?.ownerId !== phone.ownerId || opened.madeAt + longestLifeSeconds < now) return false
  return isSignedByPhone(
    phone.key,
    phoneAnswerText({ nonce: nonce ?? '', serial, ...said }),
    signature,
  )
}
