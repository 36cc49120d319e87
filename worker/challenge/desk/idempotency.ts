/** A request that is sent again because its answer was lost: the Idempotency-Key makes it the same one, for a day. */
import type { NotTriggered, TriggerRequest, Triggered } from './asked.ts'
import { type Desk, rows } from './desk.ts'
import { wakeAt } from './due.ts'

const idempotencySeconds = 86_400

/** The same key and the same request answer the same; the same key with another request is refused. */
export function replayed(
  desk: Desk,
  { idempotency }: TriggerRequest,
  now: number,
): Triggered | NotTriggered | null {
  if (!idempotency) return null
  const [row] = rows<{ requestHash: string; answer: string }>(
    desk,
    'select requestHash, answer from idempotency where key = ? and untilAt > ?',
    idempotency.key,
    now,
  )
  if (!row) return null
  if (row.requestHash !== idempotency.requestHash)
    return { ok: false, reason: 'idempotency_conflict' }
  return JSON.parse(row.answer) as Triggered
}

export function keepForReplay(
  desk: Desk,
  { idempotency }: TriggerRequest,
  answer: Triggered,
  now: number,
): void {
  if (!idempotency) return
  desk.sql.exec(
    'insert or replace into idempotency (key, requestHash, transactionId, answer, untilAt) values (?, ?, ?, ?, ?)',
    idempotency.key,
    idempotency.requestHash,
    answer.transactionId,
    JSON.stringify(answer),
    now + idempotencySeconds,
  )
  wakeAt(desk, (now + idempotencySeconds) * 1000)
}
