/** What is kept for a time and then forgotten, of whatever kind: counts, limits, and requests that were heard already. */
import { type Desk, type Lapsed, needStorage, nowSeconds, rows } from './desk.ts'
import { wakeAt } from './due.ts'
import type { Past } from './transaction.ts'

/** Of each kind, what is kept under its key. */
export type Lapsing = {
  /** By scope: misses in a row, and until when nothing is heard for them. */
  quiet: { misses: number; quietUntilAt: number }
  /** By scope: when the bell rang, the latest last. */
  ring: number[]
  /** By request id: the caller's own name for the request that it came in. */
  seen: string
  /** By the challenge that a passkey signed: the caller's own name for the login that it was used for. */
  passkey: string
  /** By Idempotency-Key: what was asked, and what was answered. */
  replay: { requestHash: string; answer: string }
  /** By the caller's own name for a login: when it was let in, or failed. */
  success: number
  fail: number
  /** By serial: how the last push to it went. */
  pushed: { outcome: string; at: number }
  /** By serial: a push that was only a try, its outcome at the push service, and when the device has said that it came. */
  trial: { id: string; at: number; outcome: string | null; arrivedAt: number | null }
  /** By time and transaction id: what was asked in its owner's name (past.ts). */
  past: Past
}

/** Some hundred bytes each. Each step of a login asks for the same few, of which most are not there. */
const inMemory = 32

/** @returns what is kept, or null where there is nothing or its time is over. Nobody changes it in place. */
export function lapsing<K extends keyof Lapsing>(
  desk: Desk,
  kind: K,
  key: string,
  now = nowSeconds(desk),
): Lapsing[K] | null {
  const known = desk.lapsing.get(`${kind}/${key}`)
  const kept = known === undefined ? read(desk, kind, key) : known
  return kept && kept.untilAt > now ? (kept.value as Lapsing[K]) : null
}

function read(desk: Desk, kind: keyof Lapsing, key: string): Lapsed | null {
  if (desk.knowsLapsing) return null
  const [row] = rows<{ value: string; untilAt: number }>(
    desk,
    'select value, untilAt from lapsing where kind = ? and key = ?',
    kind,
    key,
  )
  return remember(desk, kind, key, row ? { ...row, value: JSON.parse(row.value) as unknown } : null)
}

/** The latest stay. */
function remember(
  desk: Desk,
  kind: keyof Lapsing,
  key: string,
  kept: Lapsed | null,
): Lapsed | null {
  const name = `${kind}/${key}`
  desk.lapsing.delete(name)
  desk.lapsing.set(name, kept)
  const [oldest] = desk.lapsing.keys()
  if (desk.lapsing.size > inMemory && oldest !== undefined) {
    desk.lapsing.delete(oldest)
    desk.knowsLapsing = false
  }
  return kept
}

/** In place of what was there. */
export function keepUntil<K extends keyof Lapsing>(
  desk: Desk,
  kind: K,
  key: string,
  value: Lapsing[K],
  untilAt: number,
): void {
  needStorage(desk)
  desk.sql.exec(
    'insert or replace into lapsing (kind, key, value, untilAt) values (?, ?, ?, ?)',
    kind,
    key,
    JSON.stringify(value),
    untilAt,
  )
  remember(desk, kind, key, { value, untilAt })
  wakeAt(desk, untilAt * 1000)
}

export function drop(desk: Desk, kind: keyof Lapsing, key: string): void {
  if (desk.lapsing.get(`${kind}/${key}`) === null) return
  rows(desk, 'delete from lapsing where kind = ? and key = ?', kind, key)
  remember(desk, kind, key, null)
}

/** @returns how many numbers of this kind are greater than `than`, that of `exceptKey` aside. */
export const countGreater = (
  desk: Desk,
  kind: 'success' | 'fail',
  than: number,
  exceptKey: string,
): number =>
  rows<{ count: number }>(
    desk,
    'select count(*) as count from lapsing where kind = ? and cast(value as integer) > ? and key <> ?',
    kind,
    than,
    exceptKey,
  )[0]?.count ?? 0

export const forgetLapsed = (desk: Desk): void =>
  void rows(desk, 'delete from lapsing where untilAt <= ?', nowSeconds(desk))
