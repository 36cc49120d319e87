/** What the application may still do with a transaction that it made: call it off, or have it sent again. */
import type { State } from '../../../schema/states.ts'
import { mayRing, missed, rang } from './bell.ts'
import { copyOf } from './copy.ts'
import { type Address, type Desk, nowSeconds } from './desk.ts'
import { expireDue } from './expire.ts'
import { move } from './move.ts'
import { notifyChallenge, notifyEnded } from './notify.ts'
import { record } from './outbox.ts'
import { challengesOf, changeTransaction, currentState, transactionById } from './kept.ts'
import type { Transaction } from './transaction.ts'

export type Steering = { transactionId: string; application: string }
export type Cancelled = { ok: boolean; state: State | null }
export type Resent =
  | { ok: true; notified: true }
  | { ok: false; reason: 'unknown' | 'not_pending' | 'too_often'; againAt?: number }

/** A person needs a moment to find the phone before the next ring helps. */
const resendSeconds = 10

const owned = (desk: Desk, { transactionId, application }: Steering): Transaction | null => {
  const transaction = transactionById(desk, transactionId)
  return transaction?.application === application ? transaction : null
}

export async function cancel(desk: Desk, address: Address, steering: Steering): Promise<Cancelled> {
  const copy = await copyOf(desk, address)
  const transaction = owned(desk, steering)
  if (!transaction) return { ok: false, state: null }
  const moved = move(desk, transaction, 'cancel', { reason: 'application' })
  if (!moved) return { ok: false, state: currentState(desk, transaction) }
  // Else whoever asks and calls off at once could ring all day.
  if (transaction.rung && transaction.state === 'pending')
    missed(desk, transaction.firstFactor, transaction.settings, nowSeconds(desk))
  record(desk, {
    kind: 'audit',
    body: {
      customer: copy.customer,
      action: 'cancel',
      success: true,
      user: copy.person?.username,
      realm: copy.person?.realm,
      application: transaction.application,
    },
  })
  notifyEnded(desk, moved)
  return { ok: true, state: moved.state }
}

/**
 * Rings again for the same challenge and the same code; it replaces the notification. One that never rang may ring now if the
 * limits allow it. Who does not hold the transaction id cannot get here.
 */
export async function resend(desk: Desk, address: Address, steering: Steering): Promise<Resent> {
  await copyOf(desk, address)
  const transaction = owned(desk, steering)
  if (!transaction) return { ok: false, reason: 'unknown' }
  if (currentState(desk, transaction) !== 'pending') return { ok: false, reason: 'not_pending' }
  const now = nowSeconds(desk)
  const { settings } = transaction
  const againAt = transaction.resentAt + resendSeconds
  if (transaction.resends >= settings.resends) return { ok: false, reason: 'too_often' }
  if (now < againAt) return { ok: false, reason: 'too_often', againAt }
  const ringer = {
    firstFactor: transaction.firstFactor,
    application: transaction.application,
    client: transaction.client,
  }
  if (!transaction.rung) {
    expireDue(desk)
    const ringing = mayRing(desk, ringer, settings, now)
    if (!ringing.ring) return { ok: false, reason: 'too_often', againAt: ringing.untilAt }
  }
  changeTransaction(desk, transaction, {
    resends: transaction.resends + 1,
    resentAt: now,
    rung: true,
  })
  rang(desk, ringer, settings, now)
  notifyChallenge(desk, transaction, challengesOf(desk, transaction.id), { ring: true })
  return { ok: true, notified: true }
}
