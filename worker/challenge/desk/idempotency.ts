/** A request that is sent again because its answer was lost: the Idempotency-Key makes it the same one, for a day. */
import type { NotTriggered, TriggerRequest, Triggered } from './asked.ts'
import type { Desk } from './desk.ts'
import { keepUntil, lapsing } from './lapsing.ts'

const idempotencySeconds = 86_400

/** The same key and the same request answer the same; the same key with another request is refused. */
export function replayed(
  desk: Desk,
  { idempotency }: TriggerRequest,
): Triggered | NotTriggered | null {
  if (!idempotency) return null
  const kept = lapsing(desk, 'replay', idempotency.key)
  if (!kept) return null
  if (kept.requestHash !== idempotency.requestHash)
    return { ok: false, reason: 'idempotency_conflict' }
  return JSON.parse(kept.answer) as Triggered
}

export function keepForReplay(
  desk: Desk,
  { idempotency }: TriggerRequest,
  answer: Triggered,
  now: number,
): void {
  if (!idempotency) return
  const { key, requestHash } = idempotency
  const kept = { requestHash, answer: JSON.stringify(answer) }
  keepUntil(desk, 'replay', key, kept, now + idempotencySeconds)
}
