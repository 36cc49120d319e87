/**
 * What the object decided, on its way to D1. Each move writes its events in the same transaction as itself; the drain is
 * idempotent by event id and runs in the background, at most once a second, so that what follows at once goes along; where that
 * fails or dies, the alarm does it.
 */
import { type OutboxEvent, type Stamped, writeEvents } from '../../record/outbox.ts'
import { nextNumber } from '../../record/number.ts'
import { type Desk, type Numbered, type Unwritten, needStorage, nowSeconds, rows } from './desk.ts'
import { wakeAt } from './due.ts'
import { handOverMessages } from './hand-over-messages.ts'

/** One batch for what happens within it. Longer would keep the object awake, and billed. */
const gatherMs = 1000
/** As long as a challenge is open: its alarm is set already, and stands in for one of ours. */
const forgottenMs = 120_000
const retryMs = 10_000
const batchRows = 50

/** Call it in the same turn as the move, before anything is awaited. */
export function record(desk: Desk, ...events: OutboxEvent[]): void {
  needStorage(desk)
  const now = { numbered: events.map((event) => numbered(desk, event)), madeAt: nowSeconds(desk) }
  const nextAtMs = desk.nowMs() + forgottenMs
  const [row] = desk.sql
    .exec<{ id: number }>(
      'insert into outbox (events, madeAt, nextAtMs) values (?, ?, ?) returning id',
      JSON.stringify(now.numbered),
      now.madeAt,
      nextAtMs,
    )
    .toArray()
  desk.unwritten?.push({ id: row!.id, ...now })
  wakeAt(desk, nextAtMs)
}

/**
 * Starts a drain: at once where there was none lately, so that a list which is asked for next has it; else when a second has passed.
 * @param more is about to come: an answer is redeemed within milliseconds where somebody listens, and a push service says soon what
 * became of a push.
 */
export function drainSoon(desk: Desk, { more = false } = {}): void {
  if (desk.gathering) return
  const agoMs = desk.nowMs() - desk.drainedAtMs
  const lately = agoMs >= 0 && agoMs < gatherMs
  if (!more && !lately) return desk.background(drain(desk))
  desk.background(drainAfter(desk, more ? gatherMs : gatherMs - agoMs))
}

/** What was about to come has come: nothing is gathered any longer, and the object need not stay awake for it. */
export function drainNow(desk: Desk): void {
  if (desk.gathering) desk.gathering.end()
  else drainSoon(desk)
}

async function drainAfter(desk: Desk, waitMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs)
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    desk.gathering = { end }
  })
  desk.gathering = null
  await drain(desk)
}

/** Writes everything that waits, one drain at a time: two could write an older count over a newer one. What D1 refuses stays and is tried again by the alarm. */
export async function drain(desk: Desk): Promise<void> {
  while (desk.draining) await desk.draining
  desk.draining = writeWaiting(desk).finally(() => {
    desk.draining = null
  })
  await desk.draining
}

const numbered = (desk: Desk, event: OutboxEvent): Numbered => ({
  ...event,
  number: nextNumber(desk.nowMs(), desk.random),
})

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
    desk.drainedAtMs = desk.nowMs()
    try {
      const events = batch.flatMap(stamped)
      await writeEvents(desk.db, events)
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
