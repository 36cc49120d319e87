/**
 * Tells an application that its request was answered, or will not be (CIBA ping). A row from the move until the application has it;
 * the alarm tries again what failed. What it is told is a name that it gave itself; how it went, it asks.
 */
import { unseal } from '../../crypto/seal.ts'
import { isNotifiable } from '../../push/hosts.ts'
import { type Posted, post } from '../../push/post.ts'
import { keptCopy } from './copy.ts'
import { type Desk, rows } from './desk.ts'
import { wakeAt } from './due.ts'
import { record } from './outbox.ts'
import type { Ping, Transaction } from './transaction.ts'

/** If the object dies meanwhile, the alarm sends it again after this. */
const underWayMs = 10_000
const firstRetryMs = 1000

type PingRow = { id: string; ping: string; application: string; attempt: number; untilAt: number }

/** Call it in the turn that ends the wait. */
export function queuePing(desk: Desk, { id, ping, application, redeemableUntilAt }: Transaction) {
  if (!ping) return
  desk.sql.exec(
    'insert or ignore into ping (id, ping, application, attempt, nextAtMs, untilAt) values (?, ?, ?, 0, ?, ?)',
    id,
    JSON.stringify(ping),
    application,
    desk.nowMs(),
    redeemableUntilAt,
  )
  wakeAt(desk, desk.nowMs() + underWayMs)
  desk.background(sendPings(desk))
}

export async function sendPings(desk: Desk): Promise<void> {
  const due = rows<PingRow>(
    desk,
    `update ping set attempt = attempt + 1, nextAtMs = ? where nextAtMs <= ?
     returning id, ping, application, attempt, untilAt`,
    desk.nowMs() + underWayMs,
    desk.nowMs(),
  )
  await Promise.all(due.map(async (row) => settle(desk, row, await send(desk, row))))
}

/** @returns null where there was no answer. */
async function send(desk: Desk, { ping }: PingRow): Promise<Posted | null> {
  const { endpoint, sealed } = JSON.parse(ping) as Ping
  const { master, pushHosts } = desk.deployment
  const opened = await unseal(master, 'ping', sealed)
  if (!opened || !isNotifiable(endpoint, pushHosts))
    return { status: 403, retryAfterSeconds: null, body: null }
  const { token, authReqId } = JSON.parse(new TextDecoder().decode(opened)) as Record<
    string,
    string
  >
  return post(endpoint, {
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth_req_id: authReqId }),
    nowMs: desk.nowMs,
  })
}

function settle(desk: Desk, { id, application, attempt, untilAt }: PingRow, sent: Posted | null) {
  const again = !sent || sent.status === 429 || sent.status >= 500
  const waitMs = Math.max(
    firstRetryMs * 2 ** Math.min(attempt - 1, 6),
    (sent?.retryAfterSeconds ?? 0) * 1000,
  )
  const nextAtMs = desk.nowMs() + waitMs
  if (again && nextAtMs < untilAt * 1000) {
    rows(desk, 'update ping set nextAtMs = ? where id = ?', nextAtMs, id)
    return wakeAt(desk, nextAtMs)
  }
  rows(desk, 'delete from ping where id = ?', id)
  const success = sent !== null && sent.status >= 200 && sent.status < 300
  const customer = keptCopy(desk)?.customer ?? ''
  const detail = { status: sent?.status ?? null, attempt }
  record(desk, { kind: 'audit', body: { customer, application, action: 'ping', success, detail } })
}
