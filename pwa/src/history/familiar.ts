/** Whether a sign-in comes from a place that this account was never approved from on this device. */
import type { ChallengeClaims } from '../../../schema/signing.ts'
import type { HistoryEntry } from '../keys/database.ts'

/** Says nothing until there is something to compare with: a first sign-in is new in every way. */
export function isNewPlace(claims: ChallengeClaims, history: HistoryEntry[]): boolean {
  const { place } = claims.origin
  if (place === undefined) return false
  const approvedFrom = history
    .filter((entry) => entry.result === 'approved' && entry.account === claims.account)
    .map((entry) => entry.origin.place)
    .filter((known) => known !== undefined)
  return approvedFrom.length > 0 && !approvedFrom.includes(place)
}
