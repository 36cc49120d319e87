/** A signed request is good once. Ids are kept for as long as the request could still be accepted. */
import { signedRequestSeconds } from '../../../schema/limits.ts'
import { type Desk, needStorage, nowSeconds, rows } from './desk.ts'
import { setDue } from './due.ts'

/** @returns false where this id was used before. */
export function useOnce(desk: Desk, jti: string): boolean {
  const now = nowSeconds(desk)
  // Both edges of the window, its last second included: a request may be as much ahead of our clock as behind it.
  const untilAt = now + 2 * signedRequestSeconds + 1
  if (rows(desk, 'select 1 as used from seen where jti = ? and untilAt > ?', jti, now).length > 0)
    return false
  needStorage(desk)
  desk.sql.exec('insert or replace into seen (jti, untilAt) values (?, ?)', jti, untilAt)
  setDue(desk, 'limits', untilAt * 1000)
  return true
}
