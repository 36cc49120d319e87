/** Times at which a policy holds: `Mon-Fri: 9-18, Sat: 10:00-12:00`, in UTC. */

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

type Span = { days: number[]; fromMinute: number; untilMinute: number }

/** @returns null where the text does not say times. */
export function parseTimes(text: string): Span[] | null {
  const spans = text.split(',').map((part) => parseSpan(part.trim()))
  return spans.includes(null) ? null : (spans as Span[])
}

function parseSpan(text: string): Span | null {
  const [, first, last, from, until] =
    /^([a-z]{3})(?:-([a-z]{3}))?:\s*(\d{1,2}(?::\d{2})?)-(\d{1,2}(?::\d{2})?)$/i.exec(text) ?? []
  const begin = days.indexOf(first?.toLowerCase() ?? '')
  const end = last === undefined ? begin : days.indexOf(last.toLowerCase())
  const fromMinute = minuteOf(from)
  const untilMinute = minuteOf(until)
  if (
    begin < 0 ||
    end < 0 ||
    fromMinute === null ||
    untilMinute === null ||
    fromMinute >= untilMinute
  )
    return null
  const length = ((end - begin + 7) % 7) + 1
  return { days: Array.from({ length }, (_, i) => (begin + i) % 7), fromMinute, untilMinute }
}

function minuteOf(text: string | undefined): number | null {
  const [hour, minute = 0] = (text ?? '').split(':').map(Number)
  if (hour === undefined || hour > 24 || minute > 59 || hour * 60 + minute > 1440) return null
  return hour * 60 + minute
}

/** '' is always; what does not say times is never. */
export function atTimes(text: string): (nowMs: number) => boolean {
  if (text.trim() === '') return () => true
  const spans = parseTimes(text) ?? []
  return (nowMs) => {
    const now = new Date(nowMs)
    const minute = now.getUTCHours() * 60 + now.getUTCMinutes()
    return spans.some(
      ({ days, fromMinute, untilMinute }) =>
        days.includes(now.getUTCDay()) && minute >= fromMinute && minute < untilMinute,
    )
  }
}

/** A moment of each time at which one of these begins. The epoch began on a Thursday. */
export const timesBegin = (texts: string[]): number[] =>
  texts
    .flatMap((text) => parseTimes(text) ?? [])
    .flatMap(({ days: on, fromMinute }) =>
      on.map((day) => (((day + 3) % 7) * 1440 + fromMinute) * 60_000),
    )
