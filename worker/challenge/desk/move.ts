/** Moves a transaction by the table in ../state.ts, in one conditional step, and tells everybody who should know. */
import type { State } from '../../../schema/states.ts'
import { type Move, next } from '../state.ts'
import { type Desk } from './desk.ts'
import { type Transaction, currentState, transactionById } from './transaction.ts'
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
  const moved = desk.sql
    .exec(
      `update txn set state = ?, reason = coalesce(?, reason), answeredAtMs = coalesce(?, answeredAtMs),
         answeredBy = coalesce(?, answeredBy), answer = coalesce(?, answer),
         redeemedBy = ?, receipt = ?
       where id = ? and state = ? returning id`,
      to,
      detail.reason ?? null,
      detail.answeredAtMs ?? null,
      detail.answeredBy ?? null,
      detail.answer ?? null,
      detail.redeemedBy ?? null,
      detail.receipt ?? null,
      transaction.id,
      transaction.state,
    )
    .toArray()
  if (moved.length === 0) return null
  if (from === 'pending' && to !== 'approved') takeBack(desk, transaction)
  wake(desk, transaction.id)
  return transactionById(desk, transaction.id)
}
