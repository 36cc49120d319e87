/** Does what is due, and when nothing is left forgets everything. Never throws: an alarm that throws is only rung again. */
import { logFailure } from '../../record/log.ts'
import { forgetRings } from './bell.ts'
import { type Desk, nowSeconds, rows } from './desk.ts'
import {
  type DueKind,
  alarmRang,
  clearDue,
  dueNow,
  nextDueMs,
  setDue,
  setNextAlarm,
} from './due.ts'
import { purgeEnrolments } from './enrolment.ts'
import { expireDue, purge } from './expire.ts'
import { drainSoon } from './outbox.ts'
import { sendSoon } from './push-queue.ts'
import { forgetAttempts } from './terms.ts'
import { forgetWaits } from './waits.ts'

const retryMs = 30_000

export async function ring(desk: Desk): Promise<void> {
  alarmRang(desk)
  for (const kind of dueNow(desk)) {
    // Each as its turn comes, and work that waits is due again until it is done: an alarm that dies halfway loses nothing.
    clearDue(desk, kind)
    try {
      await work(desk, kind)
    } catch (error) {
      logFailure(`due work failed: ${kind}`, error)
      setDue(desk, kind, desk.nowMs() + retryMs)
    }
  }
  setNextAlarm(desk)
  if (nextDueMs(desk) === null) await forgetEverything(desk)
}

async function work(desk: Desk, kind: DueKind): Promise<void> {
  switch (kind) {
    case 'transactions':
      expireDue(desk)
      purge(desk)
      drainSoon(desk)
      break
    case 'pushes':
      setDue(desk, kind, desk.nowMs() + retryMs)
      await sendSoon(desk)
      break
    case 'outbox':
      setDue(desk, kind, desk.nowMs() + retryMs)
      drainSoon(desk)
      await desk.draining
      break
    case 'enrolments':
      purgeEnrolments(desk)
      break
    case 'limits':
      purge(desk)
      forgetRings(desk, nowSeconds(desk))
      forgetWaits(desk, nowSeconds(desk))
      forgetAttempts(desk)
      keepUntilLapsed(desk)
  }
}

/** Idempotency keys and used request ids outlive the transactions they belong to. */
function keepUntilLapsed(desk: Desk): void {
  const [left] = rows<{ at: number | null }>(
    desk,
    'select min(untilAt) as at from (select untilAt from idempotency union all select untilAt from seen)',
  )
  if (left?.at) setDue(desk, 'limits', left.at * 1000)
}

/** Nothing due and no limit in force: the object needs no storage. D1 has all that must last. */
async function forgetEverything(desk: Desk): Promise<void> {
  if (!desk.hasStorage) return
  desk.hasStorage = false
  desk.copy = null
  desk.generation++
  await desk.storage.deleteAll()
}
