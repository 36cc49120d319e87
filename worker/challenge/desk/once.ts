/** A signed request is good once. Ids are kept for as long as the request could still be accepted. */
import { signedRequestSeconds } from '../../../schema/limits.ts'
import { type Desk, nowSeconds } from './desk.ts'
import { keepUntil, lapsing } from './lapsing.ts'

/**
 * @param attempt the caller's own name for this use: a call that is repeated because its answer was lost is still the first.
 * @returns false where this id was used before.
 */
export function useOnce(desk: Desk, jti: string, attempt: string): boolean {
  // Both edges of the window, its last second included: a request may be as much ahead of our clock as behind it.
  const untilAt = nowSeconds(desk) + 2 * signedRequestSeconds + 1
  const usedBy = lapsing(desk, 'seen', jti)
  if (usedBy !== null) return usedBy === attempt
  keepUntil(desk, 'seen', jti, attempt, untilAt)
  return true
}
