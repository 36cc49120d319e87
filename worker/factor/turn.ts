/**
 * Hashing takes 16 MiB and tens of milliseconds: two at once in an isolate, a few in line, the rest are told to come back.
 * Places are leases, not promises: a request that is cancelled halfway never gives its place back, time does.
 */
import type { Context } from '../env.ts'
import { refuse } from '../problem.ts'

const atOnce = 2
const inLine = 16
const leaseMs = 5000
const lookAgainMs = 5

let running: number[] = []
let waiting: number[] = []

export async function inTurn<T>(
  { nowMs }: Pick<Context, 'nowMs'>,
  work: () => Promise<T>,
  /** Takes every place: hashes of other systems want four times the memory. */
  { alone = false }: { alone?: boolean } = {},
): Promise<T> {
  const place = nowMs() + leaseMs + Math.random()
  const places = alone ? atOnce : 1
  if (isFull(nowMs(), places)) {
    if (waiting.length >= inLine)
      refuse({ reason: 'too_many_requests', retryAfterSeconds: 1, what: 'password checks at once' })
    waiting.push(place)
    while (isFull(nowMs(), places) && nowMs() < place)
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
    waiting = waiting.filter((other) => other !== place)
  }
  running.push(...Array.from({ length: places }, () => place))
  try {
    return await work()
  } finally {
    running = running.filter((other) => other !== place)
  }
}

function isFull(nowMs: number, places: number): boolean {
  running = running.filter((until) => until > nowMs)
  waiting = waiting.filter((until) => until > nowMs)
  return running.length + places > atOnce
}
