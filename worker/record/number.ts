/**
 * Numbers of the trail's rows, each unique within its second. Later ones are greater: by the millisecond, and within an isolate
 * always. They are also what makes writing an event twice harmless, so they are drawn once, where the event happens.
 */
import type { Random } from '../crypto/random.ts'

/** 53 bits are what a number of JavaScript keeps exactly: 10 of the millisecond, 43 of chance. */
const perMs = 2 ** 43
/** So far apart are two of the same millisecond: another isolate's lie between them, but hardly ever on one. */
const step = 2 ** 24

let last = { at: -1, number: -1 }

/** @param count so many are wanted at once: they follow the one that is returned, one by one. */
export function nextNumber(nowMs: number, random: Random, count = 1): number {
  const at = Math.floor(nowMs / 1000)
  const drawn = (nowMs % 1000) * perMs + bits(random, 43)
  const behind = at === last.at && drawn <= last.number
  const number = behind ? last.number + 1 + (bits(random, 43) % step) : drawn
  last = { at, number: number + count - 1 }
  return number
}

function bits(random: Random, count: number): number {
  const [low = 0, high = 0] = new Uint32Array(random(8).buffer)
  return (high % 2 ** (count - 32)) * 2 ** 32 + low
}
