/**
 * What the object decided, on its way to D1. Each move writes its event in the same transaction as itself; the drain is
 * idempotent by event id, runs at once in the background and again by alarm, so that a crash between loses nothing.
 */
import { type OutboxEvent, writeEvents } from '../../record/outbox.ts'
import { nextNumber } from '../../record/number.ts'
import { type Desk, needStorage, nowSeconds, rows } from './desk.ts'
import { clearDue, setDue } from './due.ts'

const retryMs = 10_000
/** D1 takes 100 statements in one batch with room to spare. */
const batchEvents = 50

/** Call it in the same turn as the move, before anything is awaited. */
export function record(desk: Desk, event: OutboxEvent): void {
  needStorage(desk)
  desk.sql.exec(
    'insert into outbox (eventId, kind, body, madeAt) values (?, ?, ?, ?)',
    String(nextNumber(desk.nowMs(), desk.random)),
    event.kind,
    JSON.stringify(event.body),
    nowSeconds(desk),
  )
  setDue(desk, 'outbox', desk.nowMs() + retryMs)
}

/** Starts a drain unless one runs. */
export function drainSoon(desk: Desk): void {
  desk.draining ??= drain(desk).finally(() => {
    desk.draining = null
  })
  desk.background(desk.draining)
}

/** Writes everything that waits. What D1 refuses stays and is tried again by the alarm. */
export async function drain(desk: Desk): Promise<void> {
  for (;;) {
    const waiting = rows<{ eventId: string; kind: string; body: string; madeAt: number }>(
      desk,
      'select eventId, kind, body, madeAt from outbox order by rowid limit ?',
      batchEvents,
    )
    if (waiting.length === 0) return clearDue(desk, 'outbox')
    try {
      await writeEvents(
        desk.db,
        waiting.map(({ eventId, kind, body, madeAt }) => ({
          eventId,
          at: madeAt,
          event: { kind, body: JSON.parse(body) } as OutboxEvent,
        })),
      )
    } catch {
      return setDue(desk, 'outbox', desk.nowMs() + retryMs)
    }
    for (const { eventId } of waiting) rows(desk, 'delete from outbox where eventId = ?', eventId)
  }
}
