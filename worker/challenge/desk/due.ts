/**
 * One alarm, many dues. What is due, and when, follows from what the object keeps, so that nothing has to be written to be
 * remembered, and nothing that was written can be forgotten.
 */
import type { Desk } from './desk.ts'
import { rows } from './desk.ts'

/** A finished transaction is kept so long that a late poll or a repeated redeem gets an honest answer. */
export const keptSeconds = 300

/** When each kind of work is next to be done; null where there is none. */
const times = {
  /** They expire, and are forgotten. */
  transactions: `select min(case state when 'pending' then answerableUntilAt when 'approved' then redeemableUntilAt
    else redeemableUntilAt + ${keptSeconds} end) * 1000 from txn`,
  /** Sent, or tried again; to applications too. (SQLite in an object takes five selects in one union.) */
  pushes:
    'select min(nextAtMs) from (select nextAtMs from push union all select nextAtMs from ping)',
  /** Written to D1. */
  outbox: 'select min(nextAtMs) from outbox',
  enrolments: 'select min(expiresAt) * 1000 from enrolment',
  /** Forgotten when they have lapsed. */
  limits: 'select min(untilAt) * 1000 from lapsing',
}
export type DueKind = keyof typeof times

const agenda = Object.entries(times)
  .map(([kind, time]) => `select '${kind}' as kind, (${time}) as atMs`)
  .join(' union all ')

export type Due = { kind: DueKind; atMs: number }

/** The earliest first. */
export const dues = (desk: Pick<Desk, 'sql' | 'hasStorage'>): Due[] =>
  rows<Due>(desk, `select * from (${agenda}) where atMs is not null order by atMs`)

/** Makes sure that the object wakes at `atMs` or sooner. Only an earlier time is written: setting the alarm is a write of its own. */
export function wakeAt(desk: Desk, atMs: number): void {
  if (desk.alarmAtMs !== null && desk.alarmAtMs <= atMs) return
  desk.alarmAtMs = atMs
  void desk.storage.setAlarm(Math.max(atMs, desk.nowMs() + 1))
}

/** After an alarm has rung none is set. */
export function alarmRang(desk: Desk): void {
  desk.alarmAtMs = null
}
