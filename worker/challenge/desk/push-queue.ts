/**
 * Pushes that are under way: each is a row until the push service has taken it; the alarm tries again what failed, inside the
 * challenge's life. How one is sent is in push-send.ts.
 */
import { toBase64url } from '../../../schema/encoding.ts'
import type { Delivered } from '../../push/deliver.ts'
import { tokenCopy } from './copy.ts'
import { type Desk, needStorage, rows } from './desk.ts'
import { wakeAt } from './due.ts'
import { type PushRow, send } from './push-send.ts'
import { roadTo } from './road.ts'
import type { Transaction } from './transaction.ts'

/** If the object dies while a push is under way, the alarm sends it again after this. */
const underWayMs = 10_000
const firstRetryMs = 1000

export type PushedFor = Pick<Transaction, 'id' | 'challenge' | 'answerableUntilAt'>

/** @returns whether there is a road, and so something to send. */
export function queuePush(
  desk: Desk,
  { id, challenge }: PushedFor,
  serial: string,
  kind: PushRow['kind'],
  untilAt: number,
): boolean {
  const road = roadTo(tokenCopy(desk, serial))
  // A stock app takes nothing away again.
  if (!road || (road.by === 'fcm' && kind !== 'challenge')) return false
  needStorage(desk)
  rows(
    desk,
    'delete from push where transactionId = ? and serial = ? and kind = ?',
    id,
    serial,
    kind,
  )
  desk.sql.exec(
    `insert into push (id, serial, transactionId, challenge, kind, attempt, nextAtMs, untilAt)
     values (?, ?, ?, ?, ?, 0, ?, ?)`,
    toBase64url(desk.random(12)),
    serial,
    id,
    challenge,
    kind,
    desk.nowMs(),
    untilAt,
  )
  wakeAt(desk, desk.nowMs() + underWayMs)
  return true
}

/** Starts sending what is due. Each row is claimed as it is taken, so that a slow push service holds up no later push. */
export function sendSoon(desk: Desk): Promise<void> {
  const sending = sendDue(desk)
  desk.background(sending)
  return sending
}

async function sendDue(desk: Desk): Promise<void> {
  const due = rows<PushRow>(
    desk,
    `update push set attempt = attempt + 1, nextAtMs = ? where nextAtMs <= ?
     returning id, serial, transactionId, challenge, kind, attempt, untilAt`,
    desk.nowMs() + underWayMs,
    desk.nowMs(),
  )
  // One dead subscription must not keep the others from ringing.
  await Promise.all(due.map(async (row) => settle(desk, row, await send(desk, row))))
}

/** @param sent null where there was nothing to send any more. */
function settle(desk: Desk, row: PushRow, sent: Delivered | null): void {
  if (sent?.outcome === 'retry') {
    const waitMs = Math.max(
      firstRetryMs * 2 ** Math.min(row.attempt - 1, 6),
      (sent.retryAfterSeconds ?? 0) * 1000,
    )
    const nextAtMs = desk.nowMs() + waitMs
    if (nextAtMs < row.untilAt * 1000) {
      rows(desk, 'update push set nextAtMs = ? where id = ?', nextAtMs, row.id)
      return wakeAt(desk, nextAtMs)
    }
  }
  rows(desk, 'delete from push where id = ?', row.id)
}
