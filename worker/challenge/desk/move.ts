/** Moves a transaction by the table in ../state.ts, in one conditional step, and tells everybody who should know. */
import type { State } from '../../../schema/states.ts'
import { type Move, next } from '../state.ts'
import { type Desk } from './desk.ts'
import { changeTransaction, currentState, transactionById } from './kept.ts'
import type { Transaction } from './transaction.ts'
import { queuePing } from './ping.ts'
import { takeBack } from './take-back.ts'
import { tellApplication } from './tell-application.ts'
import { wake } from './wait.ts'

export type MoveDetail = {
  reason?: string
  answeredAtMs?: number
  answeredBy?: string
  answer?: string
  redeemedBy?: string
  receiptAt?: number
}

/** @returns the transaction after the move, or null where the table, or the clock, does not allow it. */
export function move(
  desk: Desk,
  transaction: Transaction,
  by: Move,
  detail: MoveDetail = {},
): Transaction | null {
  // The caller may have read it before it waited for something.
  const stands = transactionById(desk, transaction.id)
  if (!stands || stands.state !== transaction.state) return null
  const from: State = by === 'expire' ? stands.state : currentState(desk, stands)
  const to = next(from, by)
  const moved = to && changeTransaction(desk, stands, { ...detail, state: to })
  if (!moved) return null
  if (from === 'pending' && to !== 'approved') takeBack(desk, transaction)
  if (from === 'pending') queuePing(desk, moved)
  wake(desk, transaction.id)
  if (moved.isTold) tellApplication(desk, moved)
  return moved
}
