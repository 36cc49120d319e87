/**
 * A person says afterwards that a request was not theirs. What is still open ends: nobody can answer it, and an approval that was not
 * used yet is worth nothing. The application is told, and the trail says who said it. Once: said again, nothing more happens.
 */
import { sha256 } from '../../../schema/encoding.ts'
import { missed } from './bell.ts'
import { keptCopy } from './copy.ts'
import { type Address, type Desk, nowSeconds } from './desk.ts'
import { changeTransaction, currentState, transactionById } from './kept.ts'
import { move } from './move.ts'
import { notifyEnded } from './notify.ts'
import { record } from './outbox.ts'
import { notePastReported, pastRequests } from './past.ts'
import { tellReported } from './tell-application.ts'
import type { RequestOutcome } from '../../../schema/states.ts'
import type { Transaction } from './transaction.ts'

export type Report = {
  transactionId: string
  /** Who says so, and from where. */
  by: string
  client: string | null
  /** Its application has a webhook that hears of it. */
  isTold: boolean
  /** What was ended for it at the edge before: for the trail. */
  ended: Record<string, number>
}

export type Reported = {
  /** It was open, or approved and not used yet. */
  stopped: boolean
  /** What had become of it. */
  outcome: RequestOutcome
  /** It was said before. */
  isAgain: boolean
}

/** @returns null where nothing of the kind was asked of this person lately. */
export async function report(
  desk: Desk,
  address: Address,
  { transactionId, by, client, isTold, ended }: Report,
): Promise<Reported | null> {
  const asked = await pastRequests(desk, address)
  const past = asked.find((one) => one.transactionId === transactionId)
  if (!past) return null
  const transactionHash = await sha256(transactionId)

  // From here to the end nothing is awaited.
  const transaction = transactionById(desk, transactionId)
  const { outcome } = past
  if (isReported(transaction ?? past)) return { stopped: false, outcome, isAgain: true }
  const stopped = transaction ? stop(desk, transaction) : false
  if (transaction) changeTransaction(desk, transaction, { reportedAt: nowSeconds(desk) })
  else notePastReported(desk, past)
  // What was stopped has told of itself.
  if (isTold && !stopped) tellReported(desk, { ...past, id: transactionId })
  const { person } = keptCopy(desk) ?? {}
  record(desk, {
    kind: 'audit',
    body: {
      customer: address.customer,
      action: 'report',
      success: true,
      serial: past.answeredBy ?? undefined,
      user: person?.username,
      realm: person?.realm,
      application: past.application,
      client: client ?? undefined,
      detail: { by, outcome, transactionHash, stopped, ...ended },
    },
  })
  return { stopped, outcome, isAgain: false }
}

export const isReported = ({
  reportedAt,
  reason,
}: Pick<Transaction, 'reportedAt' | 'reason'>): boolean =>
  reportedAt !== null || reason === 'not_me'

function stop(desk: Desk, transaction: Transaction): boolean {
  const wasPending = currentState(desk, transaction) === 'pending'
  const moved = wasPending
    ? move(desk, transaction, 'decline', { reason: 'not_me', answeredAtMs: desk.nowMs() })
    : move(desk, transaction, 'cancel', { reason: 'not_me' })
  if (!moved) return false
  if (wasPending && transaction.rung)
    missed(desk, transaction.firstFactor, transaction.settings, nowSeconds(desk))
  notifyEnded(desk, moved)
  return true
}
