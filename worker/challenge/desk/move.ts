/** Moves a transaction by the table in ../state.ts, in one conditional step, and tells everybody who should know. */
import type { State } from '../../../schema/states.ts'
import { type Move, next } from '../state.ts'
import { type Desk } from './desk.ts'
import { type Transaction, currentState, noteOpen } from './transaction.ts'
import { takeBack } from './take-back.ts'
import { wake } from './wait.ts'

export type MoveDetail = {
  reason?: string
  answeredAtMs?: number
  answeredBy?: string
  answer?: string
  redeemedBy?: string
  receipt?: string
}

/** @returns the transaction after the move, or null where the table, or the clock, does not allow it. */
export function move(
  desk: Desk,
  transaction: Transaction,
  by: Move,
  detail: MoveDetail = {},
): Transaction | null {
  const from: State = by === 'expire' ? transaction.state : currentState(desk, transaction)
  const to = next(from, by)
  if (!to) return null
  const moved: Transaction = {
    ...transaction,
    ...detail,
    state: to,
    redeemedBy: detail.redeemedBy ?? null,
    receipt: detail.receipt ?? null,
  }
  const { rowsWritten } = desk.sql.exec(
    `update txn set state = ?, reason = ?, answeredAtMs = ?, answeredBy = ?, answer = ?, redeemedBy = ?, receipt = ?
     where id = ? and state = ?`,
    moved.state,
    moved.reason,
    moved.answeredAtMs,
    moved.answeredBy,
    moved.answer,
    moved.redeemedBy,
    moved.receipt,
    transaction.id,
    transaction.state,
  )
  if (rowsWritten === 0) return null
  noteOpen(desk, moved)
  if (from === 'pending' && to !== 'approved') takeBack(desk, transaction)
  wake(desk, transaction.id)
  return moved
}
