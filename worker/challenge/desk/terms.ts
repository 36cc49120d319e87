/**
 * What policies say of how often somebody logs in, and after how long: auth_max_success, auth_max_fail, last_auth. Judged here,
 * where one turn decides, so that a hundred at once are not let through together. Nothing is kept where no policy speaks.
 */
import type { Limit } from '../../policy/span.ts'
import { setFailCount } from './answer.ts'
import { failCountOf } from './copy.ts'
import { type Desk, type OwnerCopy, needStorage, nowSeconds, rows } from './desk.ts'
import { setDue } from './due.ts'
import { record } from './outbox.ts'

export type Terms = {
  maxSuccess?: Limit
  maxFail?: Limit
  lastAuthSeconds?: number
  /** A success resets the fail counters of all tokens of the person. */
  resetAll?: boolean
}

/** attempt: the caller's own name for one login, so that it is counted once however often it is told. */
export type Attempt = { terms: Terms; attempt: string }

export type TooOften = { ok: false; reason: 'too_often'; what: 'success' | 'fail'; limit: Limit }
export type TooLongAgo = { ok: false; reason: 'too_long_ago'; lastAuthAt: number }

/** @returns which limit is reached, this attempt itself aside. */
export function tooOften(desk: Desk, { terms, attempt }: Attempt): TooOften | null {
  for (const what of ['fail', 'success'] as const) {
    const limit = what === 'fail' ? terms.maxFail : terms.maxSuccess
    if (limit && counted(desk, what, limit, attempt) >= limit.count)
      return { ok: false, reason: 'too_often', what, limit }
  }
  return null
}

const counted = (desk: Desk, what: string, { seconds }: Limit, attempt: string): number =>
  rows<{ count: number }>(
    desk,
    'select count(*) as count from attempt where outcome = ? and at > ? and id <> ?',
    what,
    nowSeconds(desk) - seconds,
    attempt,
  )[0]?.count ?? 0

/** A guess counts as a failure before its outcome is known; what turns out right is `forgetAttempt`ed. */
export function countAttempt(
  desk: Desk,
  { terms, attempt }: Attempt,
  what: TooOften['what'],
): void {
  const limit = what === 'fail' ? terms.maxFail : terms.maxSuccess
  if (!limit) return
  needStorage(desk)
  const now = nowSeconds(desk)
  desk.sql.exec(
    'insert or replace into attempt (id, outcome, at, untilAt) values (?, ?, ?, ?)',
    attempt,
    what,
    now,
    now + limit.seconds,
  )
  setDue(desk, 'limits', (now + limit.seconds) * 1000)
}

export const forgetAttempt = (desk: Desk, attempt: string): void =>
  void rows(desk, 'delete from attempt where id = ?', attempt)

/** @returns when this token was last good, where that is longer ago than the policy lets it be. */
export function tooLongAgo(
  desk: Desk,
  serial: string,
  { lastAuthSeconds }: Terms,
): TooLongAgo | null {
  if (lastAuthSeconds === undefined) return null
  const lastAuthAt = lastAuthOf(desk, serial)
  return lastAuthAt !== null && lastAuthAt < nowSeconds(desk) - lastAuthSeconds
    ? { ok: false, reason: 'too_long_ago', lastAuthAt }
    : null
}

export const lastAuthOf = (desk: Desk, serial: string): number | null =>
  rows<{ lastAuthAt: number | null }>(
    desk,
    'select lastAuthAt from counter where serial = ?',
    serial,
  )[0]?.lastAuthAt ?? null

/** These tokens were good for a login: their failures are forgotten, and when it was is kept. */
export function succeeded(
  desk: Desk,
  copy: OwnerCopy | null,
  serials: string[],
  { terms, attempt }: Attempt,
): void {
  const forgiven = terms.resetAll ? (copy?.tokens.map(({ serial }) => serial) ?? []) : serials
  for (const serial of new Set([...serials, ...forgiven]))
    if (failCountOf(desk, serial) > 0) setFailCount(desk, serial, 0)
  const at = nowSeconds(desk)
  for (const serial of serials) countUse(desk, serial, at)
  forgetAttempt(desk, attempt)
  countAttempt(desk, { terms, attempt }, 'success')
}

/** A right one-time password or an approval. The counts are the object's own and win over D1's, like failures. */
function countUse(desk: Desk, serial: string, at: number): void {
  desk.sql.exec(
    `insert into counter (serial, failCount, lastAuthAt, countAuth, countAuthSuccess) values (?, 0, ?, 1, 1)
     on conflict (serial) do update set lastAuthAt = excluded.lastAuthAt, countAuth = countAuth + 1,
       countAuthSuccess = countAuthSuccess + 1`,
    serial,
    at,
  )
  recordUses(desk, serial)
}

/** A wrong one-time password behind a right PIN. */
export function countTry(desk: Desk, serial: string): void {
  rows(desk, 'update counter set countAuth = countAuth + 1 where serial = ?', serial)
  recordUses(desk, serial)
}

function recordUses(desk: Desk, serial: string): void {
  const uses = usesOf(desk, serial)
  record(desk, { kind: 'uses', body: { serial, ...uses } })
}

export type Uses = { lastAuthAt: number | null; countAuth: number; countAuthSuccess: number }

export const usesOf = (desk: Desk, serial: string): Uses =>
  rows<Uses>(
    desk,
    'select lastAuthAt, countAuth, countAuthSuccess from counter where serial = ?',
    serial,
  )[0] ?? { lastAuthAt: null, countAuth: 0, countAuthSuccess: 0 }

/** Drops what no longer counts, and sets when to look again. */
export function forgetAttempts(desk: Desk): void {
  rows(desk, 'delete from attempt where untilAt <= ?', nowSeconds(desk))
  const [left] = rows<{ at: number | null }>(desk, 'select min(untilAt) as at from attempt')
  if (left?.at) setDue(desk, 'limits', left.at * 1000)
}
