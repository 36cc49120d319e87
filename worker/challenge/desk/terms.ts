/**
 * What policies say of how often somebody logs in, and after how long: auth_max_success, auth_max_fail, last_auth. Judged here,
 * where one turn decides, so that a hundred at once are not let through together. Nothing is kept where no policy speaks.
 */
import type { OutboxEvent } from '../../record/outbox.ts'
import type { Limit } from '../../policy/span.ts'
import { countUse, failCountOf, setFailCount, usesOf } from './counters.ts'
import { type Desk, type OwnerCopy, nowSeconds } from './desk.ts'
import { countGreater, drop, keepUntil } from './lapsing.ts'
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

const counted = (desk: Desk, what: TooOften['what'], { seconds }: Limit, attempt: string): number =>
  countGreater(desk, what, nowSeconds(desk) - seconds, attempt)

/** A guess counts as a failure before its outcome is known; what turns out right is `forgetAttempt`ed. */
export function countAttempt(
  desk: Desk,
  { terms, attempt }: Attempt,
  what: TooOften['what'],
): void {
  const limit = what === 'fail' ? terms.maxFail : terms.maxSuccess
  if (!limit) return
  const now = nowSeconds(desk)
  keepUntil(desk, what, attempt, now, now + limit.seconds)
}

export const forgetAttempt = (desk: Desk, attempt: string): void => drop(desk, 'fail', attempt)

/** @returns when this token was last good, where that is longer ago than the policy lets it be. */
export function tooLongAgo(
  desk: Desk,
  serial: string,
  { lastAuthSeconds }: Terms,
): TooLongAgo | null {
  if (lastAuthSeconds === undefined) return null
  const { lastAuthAt } = usesOf(desk, serial)
  return lastAuthAt !== null && lastAuthAt < nowSeconds(desk) - lastAuthSeconds
    ? { ok: false, reason: 'too_long_ago', lastAuthAt }
    : null
}

/** These tokens were good for a login: their failures are forgotten, and when it was is kept. @param along is written down with it. */
export function succeeded(
  desk: Desk,
  copy: OwnerCopy | null,
  serials: string[],
  { terms, attempt }: Attempt,
  along: OutboxEvent[] = [],
): void {
  const forgiven = terms.resetAll ? (copy?.tokens.map(({ serial }) => serial) ?? []) : serials
  for (const serial of new Set([...serials, ...forgiven]))
    if (failCountOf(desk, serial) > 0) setFailCount(desk, serial, 0)
  const uses = serials.map((serial) => countUse(desk, serial))
  if (uses.length + along.length > 0) record(desk, ...uses, ...along)
  if (terms.maxFail) forgetAttempt(desk, attempt)
  countAttempt(desk, { terms, attempt }, 'success')
}
