/** Reads only: how a transaction stands for its application, and what is open for a device. */
import type { ChallengesAnswer, OpenChallenge } from '../../../schema/device.ts'
import type { State } from '../../../schema/states.ts'
import { type DeviceRefusal, deviceToken } from './answer.ts'
import { addedName, copyOf, isHeld, isStoppable, isUsable, mayAnswer } from './copy.ts'
import { isLocked } from './counters.ts'
import { type Desk, type Found, nowSeconds, rows } from './desk.ts'
import {
  challengesOf,
  currentState,
  openTransactions,
  transactionByChallenge,
  transactionById,
} from './kept.ts'
import { lapsing } from './lapsing.ts'

/** What anybody who holds the transaction id may know. */
export type Status = { state: State; answeredAtMs: number | null }

export function statusOf(desk: Desk, transactionId: string): Status | null {
  const transaction = transactionById(desk, transactionId)
  return (
    transaction && {
      state: currentState(desk, transaction),
      answeredAtMs: transaction.answeredAtMs,
    }
  )
}

/** More than anyone reads. One that rang is always among them, so that nobody can bury it under others. */
const listed = 20

export type OpenFor = ({ ok: true } & ChallengesAnswer) | { ok: false; reason: DeviceRefusal }

export async function openFor(desk: Desk, address: Found, deviceId: string): Promise<OpenFor> {
  const copy = await copyOf(desk, address)
  const token = deviceToken(desk, copy, deviceId)
  if ('reason' in token) return { ok: false, reason: token.reason }
  const challenges: OpenChallenge[] = []
  const now = nowSeconds(desk)
  const open = [...openTransactions(desk).values()]
    .filter(({ state, answerableUntilAt }) => state === 'pending' && answerableUntilAt > now)
    .toReversed()
  const kept = new Set(
    [...open.filter(({ rung }) => rung), ...open.filter(({ rung }) => !rung)].slice(0, listed),
  )
  for (const { id } of open.filter((one) => kept.has(one))) {
    const issued = issuedTo(desk, id, token.serial)
    if (issued) challenges.push(issued)
  }
  return {
    ok: true,
    account: copy.account,
    codes: copy.tokens.some(
      (codes) => codes.device === token.serial && mayAnswer(desk, codes) && !isLocked(desk, codes),
    ),
    ...(isHeld(desk, token) && { heldUntil: token.heldUntil ?? 0 }),
    ...(token.validUntil !== null && { leavesAt: token.validUntil }),
    newcomers: copy.tokens.flatMap((other) =>
      other.serial !== token.serial &&
      (other.deviceId !== null || other.type === 'passkey') &&
      isUsable(desk, other) &&
      isStoppable(desk, other)
        ? {
            serial: other.serial,
            name: addedName(other),
            heldUntil: other.heldUntil ?? 0,
            stoppableUntil: other.stoppableUntil ?? 0,
          }
        : [],
    ),
    challenges,
    push: { subscribed: token.subscription !== null, ...lastPush(desk, token.serial) },
  }
}

/** How the last push to this device went, while the object remembers it. */
function lastPush(desk: Desk, serial: string): { lastOutcome?: string; lastAt?: number } {
  const last = lapsing(desk, 'pushed', serial)
  return last ? { lastOutcome: last.outcome, lastAt: last.at } : {}
}

export type OneFor =
  | { ok: true; challenge: OpenChallenge }
  | { ok: false; reason: DeviceRefusal | 'unknown_challenge' }

export async function oneFor(
  desk: Desk,
  address: Found,
  deviceId: string,
  challenge: string,
): Promise<OneFor> {
  const copy = await copyOf(desk, address)
  const token = deviceToken(desk, copy, deviceId)
  if ('reason' in token) return { ok: false, reason: token.reason }
  const transaction = transactionByChallenge(desk, challenge)
  const issued = transaction && issuedTo(desk, transaction.id, token.serial)
  return issued ? { ok: true, challenge: issued } : { ok: false, reason: 'unknown_challenge' }
}

function issuedTo(desk: Desk, id: string, serial: string): OpenChallenge | null {
  const transaction = transactionById(desk, id)
  const issued = challengesOf(desk, id).find((one) => one.serial === serial)
  if (!transaction || !issued?.jws) return null
  const { challenge } = transaction
  return { challenge, jws: issued.jws, state: currentState(desk, transaction) }
}

/** For the administrator's list. */
export type ListedChallenge = {
  id: number
  transactionId: string
  challenge: string
  serial: string
  madeAt: number
  answerableUntilAt: number
  answered: boolean
  approved: boolean
}

export const openChallenges = (desk: Desk, serial: string | null): ListedChallenge[] =>
  rows<{
    id: number
    transactionId: string
    challenge: string
    serial: string
    state: State
    madeAt: number
    answerableUntilAt: number
  }>(
    desk,
    `select row_number() over (order by txn.number, serial) as id, txn.id as transactionId, txn.challenge, serial, state, madeAt, answerableUntilAt
     from challenge join txn on txn.id = challenge.transactionId
     where ?1 is null or serial = ?1 order by madeAt desc`,
    serial,
  ).map(({ state, ...row }) => ({
    ...row,
    answered: state !== 'pending' && state !== 'expired',
    approved: state === 'approved' || state === 'redeemed',
  }))
