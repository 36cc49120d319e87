/**
 * Does what is due, and when nothing is left forgets everything. Never throws: an alarm that throws is only rung again. One that dies
 * halfway is rung again by the runtime, which takes an alarm away when its work is done.
 */
import { logFailure } from '../../record/log.ts'
import { lingersMs } from './copy.ts'
import { type Desk, rows } from './desk.ts'
import { type DueKind, alarmRang, dues, wakeAt } from './due.ts'
import { purgeEnrolments } from './enrolment.ts'
import { expireDue, purge } from './expire.ts'
import { forgetLapsed } from './lapsing.ts'
import { drain } from './outbox.ts'
import { sendPings } from './ping.ts'
import { sendSoon } from './push-queue.ts'

const retryMs = 30_000

export async function ring(desk: Desk): Promise<void> {
  alarmRang(desk)
  const now = desk.nowMs()
  const found = dues(desk)
  const due = found.filter(({ atMs }) => atMs <= now)
  let failed = false
  for (const { kind } of due) {
    try {
      await work(desk, kind)
    } catch (error) {
      logFailure(`due work failed: ${kind}`, error)
      failed = true
    }
  }
  const later = found.slice(due.length)
  // Writing to D1 makes nothing else due, and who comes meanwhile sets the alarm. Nothing is forgotten on what was found before.
  const onlyWrote = due.every(({ kind }) => kind === 'outbox') && later.length > 0
  const [next] = failed ? [] : onlyWrote ? later : dues(desk)
  if (failed) wakeAt(desk, now + retryMs)
  else if (next) wakeAt(desk, next.atMs)
  else await forgetWhenOld(desk)
}

async function work(desk: Desk, kind: DueKind): Promise<void> {
  switch (kind) {
    case 'transactions':
      expireDue(desk)
      purge(desk)
      await drain(desk)
      break
    case 'pushes':
      await Promise.all([sendSoon(desk), sendPings(desk)])
      break
    case 'outbox':
      await drain(desk)
      break
    case 'enrolments':
      purgeEnrolments(desk)
      break
    case 'limits':
      forgetLapsed(desk)
  }
}

/** Nothing due and no limit in force: the object needs no storage, its copy of its owner aside. D1 has all that must last. */
async function forgetWhenOld(desk: Desk): Promise<void> {
  const [owner] = rows<{ keptUntilMs: number }>(desk, 'select keptUntilMs from owner')
  alarmRang(desk)
  if (owner && owner.keptUntilMs > desk.nowMs()) return wakeAt(desk, owner.keptUntilMs)
  if (!desk.hasStorage) return
  // An edge may have read D1 before that, and nothing but our storage would say so (copy.ts).
  const lingersUntilMs = desk.wroteAtMs + lingersMs
  if (lingersUntilMs > desk.nowMs()) return wakeAt(desk, lingersUntilMs)
  desk.hasStorage = false
  desk.copy = null
  desk.counters = null
  desk.open = null
  desk.kept.clear()
  desk.lapsing.clear()
  desk.knowsLapsing = false
  desk.keepOwner = null
  desk.unwritten = null
  desk.generation++
  await desk.storage.deleteAll()
}
