/**
 * Makes a transaction: one challenge for each usable device, each signed over everything the person will see, and one for each
 * token whose one-time password the person may type. Two triggers are two transactions with two codes; only an Idempotency-Key makes one of them.
 */
import { countFailure, isLocked } from './counters.ts'
import type { NotTriggered, TriggerRequest, Triggered } from './asked.ts'
import { type Ringing, mayRing, rang } from './bell.ts'
import { copyOf, mayAnswer } from './copy.ts'
import {
  type Address,
  type Desk,
  type OwnerCopy,
  type Seen,
  type TokenCopy,
  nowSeconds,
} from './desk.ts'
import { wakeAt } from './due.ts'
import { expireDue } from './expire.ts'
import { keepForReplay, replayed } from './idempotency.ts'
import { issue } from './issue.ts'
import { notifyChallenge } from './notify.ts'
import { record } from './outbox.ts'
import { roadTo } from './road.ts'
import { socketsOf } from './sockets.ts'
import { addTransaction, transactionById } from './kept.ts'
import { matchOf } from './match.ts'
import { keptOf } from './settings.ts'
import type { Transaction } from './transaction.ts'

export async function trigger(
  desk: Desk,
  address: Address,
  request: TriggerRequest,
  seen?: Seen,
): Promise<Triggered | NotTriggered> {
  const copy = await copyOf(desk, address, seen)
  const chosen = choose(desk, copy, request)
  if ('reason' in chosen) return { ok: false, reason: chosen.reason }
  const { settings } = request
  const now = nowSeconds(desk)
  const devices = chosen.tokens.filter(({ type }) => type === 'push')
  const answerableUntilAt =
    now + (devices.length > 0 ? settings.answerSeconds : settings.otpChallengeSeconds)
  const redeemableUntilAt = answerableUntilAt + settings.redeemSeconds
  const match = settings.matchCode === 1 && devices.some((token) => !token.phone) ? 'code' : 'none'
  const issued = await Promise.all(
    chosen.tokens.map((token) =>
      issue(desk, copy, token, request, { now, answerableUntilAt, match }),
    ),
  )
  // Signing takes a moment, in which the alarm may have forgotten all: what is counted below would begin anew.
  await copyOf(desk, address)
  const phone = devices.some((token) => token.phone) ? request.phone : null
  const challenges = chosen.tokens.map((token) => ({
    serial: token.serial,
    type: token.type,
    match: matchOf(token, { match, phone }),
    spare: typeof token.device === 'string' || token.type === 'recovery',
  }))

  // From here to the end nothing is awaited: one turn of one thread decides whether this rings.
  const replay = replayed(desk, request)
  if (replay) return replay
  expireDue(desk)
  const ringer = {
    firstFactor: request.firstFactor,
    application: request.application.id,
    client: request.client,
  }
  const ringing: Ringing | { ring: false } =
    devices.length > 0 ? mayRing(desk, ringer, settings, now) : { ring: false }
  const transaction: Transaction = {
    id: request.transactionId,
    challenge: request.challenge,
    application: request.application.id,
    applicationName: request.application.name,
    isTold: request.isTold,
    state: 'pending',
    reason: null,
    match,
    firstFactor: request.firstFactor,
    client: request.client,
    madeAt: now,
    answerableUntilAt,
    redeemableUntilAt,
    answeredAtMs: null,
    answeredBy: null,
    answer: null,
    redeemedBy: null,
    receiptAt: null,
    rung: ringing.ring,
    resends: 0,
    resentAt: now,
    settings: keptOf(settings),
    phone,
    toldTo: null,
    attempt: null,
    enrolment: null,
    ping: request.ping ?? null,
    about: copy.person && {
      origin: request.origin,
      ...(request.newDevice && { newDevice: request.newDevice }),
    },
    reportedAt: null,
  }
  if (!addTransaction(desk, transaction, issued)) {
    const same = transactionById(desk, request.transactionId)
    if (same) return { ...about(same), serials: issued.map(({ serial }) => serial), challenges }
  }
  if (settings.countChallenges === 1) for (const token of chosen.tokens) countFailure(desk, token)
  record(desk, {
    kind: 'audit',
    body: {
      customer: address.customer,
      action: 'trigger',
      success: true,
      serial: issued.map(({ serial }) => serial).join(','),
      user: copy.person?.username,
      realm: copy.person?.realm,
      application: request.application.id,
      client: request.client ?? undefined,
      detail: { notified: ringing.ring, origin: request.origin.how },
    },
  })
  // After the trail, whose time comes sooner: an alarm that is set twice is two rows.
  wakeAt(desk, answerableUntilAt * 1000)
  if (ringing.ring) rang(desk, ringer, settings, now)
  const answer: Triggered = {
    ok: true,
    transactionId: request.transactionId,
    challenge: request.challenge,
    serials: issued.map(({ serial }) => serial),
    challenges,
    match,
    pick: pickOf(phone),
    answerableUntilAt,
    notified: ringing.ring,
    sentTo: devices.filter((token) => isReached(desk, token, ringing.ring)).map(nameOf),
    ...('untilAt' in ringing && { quietUntilAt: ringing.untilAt }),
  }
  keepForReplay(desk, request, answer, now)
  notifyChallenge(desk, transaction, issued, ringing)
  return answer
}

const nameOf = ({ deviceName, serial }: TokenCopy): string => deviceName || serial

const isReached = (desk: Desk, token: TokenCopy, ring: boolean): boolean =>
  (ring && roadTo(token) !== null) || socketsOf(desk, token.serial).length > 0

const pickOf = (phone: Transaction['phone']): Triggered['pick'] =>
  phone?.match === 'pick' ? { among: phone.among, options: phone.options } : null

/** The connection broke and the call was repeated: it is made already. */
const about = (transaction: Transaction): Omit<Triggered, 'serials' | 'challenges'> => ({
  ok: true,
  transactionId: transaction.id,
  challenge: transaction.challenge,
  match: transaction.match,
  pick: pickOf(transaction.phone),
  answerableUntilAt: transaction.answerableUntilAt,
  notified: transaction.rung,
  sentTo: [],
})

/** Plugins read the last: what is for the day when nothing else works is never that. */
const spareFirst = (tokens: TokenCopy[]): TokenCopy[] => [
  ...tokens.filter(({ type }) => type === 'recovery'),
  ...tokens.filter(({ type }) => type !== 'recovery'),
]

function choose(
  desk: Desk,
  copy: OwnerCopy,
  { serials, types, settings }: TriggerRequest,
): { tokens: TokenCopy[] } | { reason: NotTriggered['reason'] } {
  const candidates = copy.tokens.filter(
    ({ serial, type }) =>
      (!serials || serials.includes(serial)) && (!types || types.includes(type)),
  )
  if (candidates.length === 0) return { reason: 'no_tokens' }
  const usable = candidates
    // A passkey answers what it is asked itself, by whoever may be anybody (passkey.ts).
    .filter((token) => token.type !== 'passkey' && mayAnswer(desk, token))
    .filter(({ type, verifier }) => type !== 'push' || verifier || settings.userVerification === 0)
    // Nobody is asked for a recovery code unless it is named: it is for the day when nothing else works.
    .filter(({ type }) => type !== 'recovery' || serials || types)
  const tokens = usable.filter((token) => !isLocked(desk, token))
  if (tokens.length > 0) return { tokens: spareFirst(tokens) }
  if (usable.length > 0) return { reason: 'locked' }
  return { reason: candidates.every((token) => token.revoked) ? 'revoked' : 'no_suitable_token' }
}
