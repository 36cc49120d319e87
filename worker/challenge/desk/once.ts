/** A signed request is good once. Ids are kept for as long as the request could still be accepted. */
import { signedRequestSeconds } from '../../../schema/limits.ts'
import { type Desk, needStorage, nowSeconds, rows } from './desk.ts'
import { wakeAt } from './due.ts'

/**
 * @param attempt the caller's own name for this use: a call that is repeated because its answer was lost is still the first.
 * @returns false where this id was used before.
 */
export function useOnce(desk: Desk, jti: string, attempt: string): boolean {
  const now = nowSeconds(desk)
  // Both edges of the window, its last second included: a request may be as much ahead of our clock as behind it.
  const untilAt = now + 2 * signedRequestSeconds + 1
  const [used] = rows<{ usedBy: string | null }>(
    desk,
    'select usedBy from seen where jti = ? and untilAt > ?',
    jti,
    now,
  )
  if (used) return used.usedBy === attempt
  needStorage(desk)
  desk.sql.exec(
    'insert or replace into seen (jti, untilAt, usedBy) values (?, ?, ?)',
    jti,
    untilAt,
    attempt,
  )
  wakeAt(desk, untilAt * 1000)
  return true
}
