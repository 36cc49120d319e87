/** Tells the owner's devices: open apps by socket at once, all by push where the bell may ring. */
import { type Desk, nowSeconds, rows } from './desk.ts'
import { queuePush, sendSoon } from './push-queue.ts'
import { say, tellSockets } from './tell.ts'
import { type Transaction, challengesOf, transactionById } from './transaction.ts'

/** Long enough for a device that comes out of a tunnel to learn that it is over. */
const endedTtlSeconds = 300

/** A new challenge, or one sent again. */
export function notifyChallenge(
  desk: Desk,
  transactionId: string,
  { ring }: { ring: boolean },
): void {
  const transaction = transactionById(desk, transactionId)
  if (!transaction) return
  for (const { serial, jws } of challengesOf(desk, transactionId)) {
    say(desk, serial, { type: 'challenge', challenge: transaction.challenge, jws })
    if (ring) queuePush(desk, transaction, serial, 'challenge', transaction.answerableUntilAt)
  }
  if (ring) void sendSoon(desk)
}

/** It ended: open apps take it away, and notifications on the other devices are replaced. */
export function notifyEnded(desk: Desk, transaction: Transaction): void {
  rows(desk, "delete from push where transactionId = ? and kind = 'challenge'", transaction.id)
  tellSockets(desk, transaction)
  if (!transaction.rung) return
  for (const { serial } of challengesOf(desk, transaction.id))
    if (serial !== transaction.answeredBy)
      queuePush(desk, transaction, serial, 'ended', nowSeconds(desk) + endedTtlSeconds)
  void sendSoon(desk)
}
