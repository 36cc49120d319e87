/** When a message is tried again: at once, and then ever later, for three days; a little scattered, so that not all come back together. */

const minute = 60
const hour = 3600
const waitsSeconds = [
  5,
  minute,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
]
const scatter = 0.1
/** What a receiver may ask us to wait. */
const longestSeconds = 24 * hour

/**
 * @param attempts that failed so far.
 * @param chance from 0 to 1.
 * @returns in how many seconds the next one is due, or null where nobody tries any more.
 */
export function nextWait(
  attempts: number,
  chance: number,
  retryAfterSeconds: number | null = null,
): number | null {
  const usual = waitsSeconds[attempts - 1]
  if (usual === undefined) return null
  const scattered = Math.round(usual * (1 - scatter + 2 * scatter * chance))
  return Math.max(scattered, Math.min(retryAfterSeconds ?? 0, longestSeconds))
}
