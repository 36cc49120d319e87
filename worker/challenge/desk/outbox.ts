/**
 * What the object decided, on its way to D1. Each move writes its events in the same transaction as itself; the alarm writes them to
 * D1 some seconds later, all that came meanwhile in one batch. That is idempotent by event id, and no crash loses any.
 */
import { type OutboxEvent, type Stamped, writeEvents } from '../../record/outbox.ts'
import { nextNumber } from '../../record/number.ts'
import { type Desk, type Numbered, type Unwritten, needStorage, nowSeconds, rows } from './desk.ts'
import { wakeAt } from './due.ts'
import { handOverMessages } from './hand-over-messages.ts'

/** As long as a challenge is open: where D1 is told at once, its alarm stands in for one of ours. */
const forgottenMs = 120_000
const retryMs = 10_000
const batchRows = 50

/** Call it in the same turn as the move, before anything is awaited. */
export function record(desk: Desk, ...events: OutboxEvent[]): void {
  needStorage(desk)
  const id = (unwritten(desk).at(-1)?.id ?? 0) + 1
  const now = { numbered: numbered(desk, events), madeAt: nowSeconds(desk) }
  const gatherMs = desk.deployment.trailSeconds * 1000
  const nextAtMs = desk.nowMs() + (gatherMs || forgottenMs)
  desk.sql.exec(
    'insert into outbox (id, events, madeAt, nextAtMs) values (?, ?, ?, ?)',
    id,
    JSON.stringify(now.numbered),
    now.madeAt,
    nextAtMs,
  )
  unwritten(desk).push({ id, ...now })
  wakeAt(desk, nextAtMs)
  // An application that is told of a login wants to know now.
  if (gatherMs === 0 || events.some(({ kind }) => kind === 'told')) drainAfterThis(desk)
}

/** When the turn is over, so that all it decides goes along. */
const drainAfterThis = (desk: Desk): void =>
  desk.background(Promise.resolve().then(() => drain(desk)))

/** Writes everything that waits, one drain at a time: two could write an older count over a newer one. What D1 refuses stays and is tried again by the alarm. */
export async function drain(desk: Desk): Promise<void> {
  while (desk.draining) await desk.draining
  desk.draining = writeWaiting(desk).finally(() => {
    desk.draining = null
  })
  await desk.draining
}

function numbered(desk: Desk, events: OutboxEvent[]): Numbered[] {
  const first = nextNumber(desk.nowMs(), desk.random, events.length)
  return events.map((event, at) => ({ ...event, number: first + at }))
}

function unwritten(desk: Desk): Unwritten[] {
  desk.unwritten ??= rows<{ id: number; events: string; madeAt: number }>(
    desk,
    'select id, events, madeAt from outbox order by id',
  ).map(({ events, ...row }) => ({ ...row, numbered: JSON.parse(events) as Numbered[] }))
  return desk.unwritten
}

async function writeWaiting(desk: Desk): Promise<void> {
  for (;;) {
    const batch = unwritten(desk).slice(0, batchRows)
    const last = batch.at(-1)
    if (!last) return
    try {
      const events = batch.flatMap(stamped)
      await writeEvents(desk.db, events)
      desk.wroteAtMs = desk.nowMs()
      await handOverMessages(desk, events)
    } catch {
      const nextAtMs = desk.nowMs() + retryMs
      rows(desk, 'update outbox set nextAtMs = ?', nextAtMs)
      return wakeAt(desk, nextAtMs)
    }
    rows(desk, 'delete from outbox where id <= ?', last.id)
    desk.unwritten = unwritten(desk).filter(({ id }) => id > last.id)
  }
}

const stamped = ({ numbered: events, madeAt }: Unwritten): Stamped[] =>
  events.map(({ number, ...event }) => ({ number, at: madeAt, event }))

/** @returns whether something of these kinds about a token has yet to reach D1. */
export const isWaiting = (desk: Desk, serial: string, kinds: OutboxEvent['kind'][]): boolean =>
  unwritten(desk)
    .flatMap(stamped)
    .some(({ event }) => kinds.includes(event.kind) && event.body.serial === serial)

/** @returns the receipt, where it has yet to reach D1. */
export function waitingReceipt(desk: Desk, transactionHash: string): string | null {
  for (const { event } of unwritten(desk).flatMap(stamped))
    if (event.kind === 'receipt' && event.body.transactionHash === transactionHash)
      return event.body.receipt
  return null
}
