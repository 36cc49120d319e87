/** One alarm, many dues: a row for each kind of work, the alarm at the earliest. */
import type { Desk } from './desk.ts'
import { needStorage, rows } from './desk.ts'

/** `transactions` expire and are purged · `pushes` are tried again · `outbox` is drained · `enrolments` lapse · `limits` are forgotten. */
export type DueKind = 'transactions' | 'pushes' | 'outbox' | 'enrolments' | 'limits'

/** Makes sure that the object wakes for this kind at `atMs` or sooner. */
export function setDue(desk: Desk, kind: DueKind, atMs: number): void {
  needStorage(desk)
  desk.sql.exec(
    'insert into due (kind, atMs) values (?, ?) on conflict (kind) do update set atMs = min(atMs, excluded.atMs)',
    kind,
    atMs,
  )
  wakeAt(desk, atMs)
}

/** Whoever does the work clears it, and sets its next time before anything is awaited. */
export function dueNow(desk: Desk): DueKind[] {
  return rows<{ kind: DueKind }>(desk, 'select kind from due where atMs <= ?', desk.nowMs()).map(
    ({ kind }) => kind,
  )
}

export const clearDue = (desk: Desk, kind: DueKind): void =>
  void rows(desk, 'delete from due where kind = ?', kind)

export function nextDueMs(desk: Desk): number | null {
  return rows<{ atMs: number | null }>(desk, 'select min(atMs) as atMs from due')[0]?.atMs ?? null
}

/** Only an earlier time is written: setting the alarm is a write of its own. */
function wakeAt(desk: Desk, atMs: number): void {
  if (desk.alarmAtMs !== null && desk.alarmAtMs <= atMs) return
  desk.alarmAtMs = atMs
  void desk.storage.setAlarm(Math.max(atMs, desk.nowMs() + 1))
}

/** After an alarm has rung none is set. */
export function alarmRang(desk: Desk): void {
  desk.alarmAtMs = null
}

export function setNextAlarm(desk: Desk): void {
  const atMs = nextDueMs(desk)
  if (atMs !== null) wakeAt(desk, atMs)
}
