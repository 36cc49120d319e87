/** Tells the owner's devices: open apps by socket at once, all by push where the bell may ring. */
import { type Desk, nowSeconds, rows } from './desk.ts'
import { type PushedFor, queuePush, sendSoon } from './push-queue.ts'
import { say, tellSockets } from './tell.ts'
import { challengesOf } from './kept.ts'
import type { IssuedChallenge, Transaction } from './transaction.ts'

/** Long enough for a device that comes out of a tunnel to learn that it is over. */
const endedTtlSeconds = 300

/** A new challenge, or one sent again */
export function notifyChallenge(
  desk: Desk,
  transaction: PushedFor,
  issued: Pick<IssuedChallenge, 'serial' | 'jws'>[],
  { ring }: { ring: boolean },
): void {
  let queued = false
  for (const { serial, jws } of issued) {
    say(desk, serial, { type: 'challenge', challenge: transaction.challenge, jws })
    if (ring)
      queued =
        queuePush(desk, transaction, serial, 'challenge', transaction.answerableUntilAt) || queued
  }
  if (queued) void sendSoon(desk)
}

/** It ended: open apps take it away, and notifications on the other devices are replaced. */
export function notifyEnded(desk: Desk, transaction: Transaction): void {
  tellSockets(desk, transaction)
  if (!transaction.rung) return
  rows(desk, "delete from push where transactionId = ? and kind = 'challenge'", transaction.id)
  let queued = false
  for (const { serial } of challengesOf(desk, transaction.id))
    if (serial !== transaction.answeredBy)
      queued =
        queuePush(desk, transaction, serial, 'ended', nowSeconds(desk) + endedTtlSeconds) || queued
  if (queued) void sendSoon(desk)
}
