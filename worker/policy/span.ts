/** Spans of time and limits as policies write them: `90d`, `2/1m`. Pure. */

const secondsOf: Record<string, number> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  y: 365 * 86_400,
}

/** So many in so long. */
export type Limit = { count: number; seconds: number }

const mostCount = 10_000
/** What an object keeps for a limit must lapse some day. */
const longestLimit = 366 * 86_400
const longestSpan = 100 * 365 * 86_400

/** @returns seconds, or null where the text says no span of time. */
export function parseSpan(text: string): number | null {
  const [, number, unit = ''] = /^\s*(\d{1,9})\s*([smhdy])\s*$/.exec(text) ?? []
  const seconds = Number(number) * (secondsOf[unit] ?? Number.NaN)
  return seconds > 0 && seconds <= longestSpan ? seconds : null
}

/** @returns null where the text says no limit. */
export function parseLimit(text: string): Limit | null {
  const [count = '', span = '', ...rest] = text.split('/')
  const seconds = parseSpan(span)
  const isCount = /^\s*\d{1,5}\s*$/.test(count) && Number(count) <= mostCount
  if (!isCount || seconds === null || seconds > longestLimit || rest.length > 0) return null
  return { count: Number(count), seconds }
}

/** As privacyIDEA shows a span: `0:01:00`, `1 day, 0:00:00`. */
export function shownSpan(seconds: number): string {
  const days = Math.floor(seconds / 86_400)
  const two = (part: number) => String(part).padStart(2, '0')
  const clock = `${Math.floor((seconds % 86_400) / 3600)}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`
  return days === 0 ? clock : `${days} day${days === 1 ? '' : 's'}, ${clock}`
}

/** As privacyIDEA shows a moment. @param at epoch seconds. */
export const shownMoment = (at: number): string =>
  `${new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ')}.000000+0000`
