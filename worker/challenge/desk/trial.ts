/**
 * A push that is only a try: it asks nothing, is signed as what it is and as nothing else, and the device that has shown it says so.
 * What became of the last one of each device is kept for some minutes.
 */
import { toBase64url } from '../../../schema/encoding.ts'
import { copyOf, isUsable } from './copy.ts'
import { type Address, type Desk, type Found, nowSeconds } from './desk.ts'
import { keepUntil, lapsing } from './lapsing.ts'
import { queuePush, sendSoon } from './push-queue.ts'
import { roadTo } from './road.ts'
import { type Trial, keepTrial } from './trial-note.ts'
import { ofTrial, waitForMove } from './wait.ts'

/** What has not arrived by then is no help to who waits for it. */
const ttlSeconds = 60
/** Each rings somebody's phone. */
const pauseSeconds = 10
const mostAnHour = 10
const hourSeconds = 3600

export type Tried =
  | { ok: true }
  | { ok: false; reason: 'unknown' }
  | { ok: false; reason: 'no_push' }
  | { ok: false; reason: 'too_often'; againAt: number }

export async function tryPush(desk: Desk, address: Address, serial: string): Promise<Tried> {
  const copy = await copyOf(desk, address)
  const token = copy.tokens.find((one) => one.serial === serial && one.type === 'push')
  if (!token) return { ok: false, reason: 'unknown' }
  if (!isUsable(desk, token) || roadTo(token)?.by !== 'web') return { ok: false, reason: 'no_push' }
  const now = nowSeconds(desk)
  const again = againAt(desk, serial, now)
  if (again > now) return { ok: false, reason: 'too_often', againAt: again }
  const id = toBase64url(desk.random(16))
  keepTrial(desk, serial, { id, at: now, outcome: null, arrivedAt: null })
  const rings = [...(lapsing(desk, 'ring', 'trial') ?? []), now].slice(-mostAnHour)
  keepUntil(desk, 'ring', 'trial', rings, now + hourSeconds)
  const untilAt = now + ttlSeconds
  const about = { id: `trial/${serial}`, challenge: id, answerableUntilAt: untilAt }
  queuePush(desk, about, serial, 'trial', untilAt)
  void sendSoon(desk)
  return { ok: true }
}

function againAt(desk: Desk, serial: string, now: number): number {
  const last = lapsing(desk, 'trial', serial)
  const rings = (lapsing(desk, 'ring', 'trial') ?? []).filter((at) => at > now - hourSeconds)
  const budget = rings.length < mostAnHour ? 0 : rings[0]! + hourSeconds
  return Math.max(last ? last.at + pauseSeconds : 0, budget)
}

/** How the last one stands. */
export async function trialOf(desk: Desk, address: Address, serial: string): Promise<Trial | null> {
  const copy = await copyOf(desk, address)
  return copy.tokens.some((one) => one.serial === serial) ? lapsing(desk, 'trial', serial) : null
}

/** Until it is over, or the slice is. */
export async function waitForTrial(
  desk: Desk,
  address: Address,
  serial: string,
  { name, untilMs }: { name: string; untilMs: number },
): Promise<{ trial: Trial | null; tooMany: boolean }> {
  const now = await trialOf(desk, address, serial)
  if (!now || isOver(now)) return { trial: now, tooMany: false }
  const waited = await waitForMove(desk, name, ofTrial(serial), untilMs)
  return { trial: await trialOf(desk, address, serial), tooMany: !waited }
}

/** It has arrived, or is not tried again. */
export const isOver = ({ outcome, arrivedAt }: Trial): boolean =>
  arrivedAt !== null || (outcome !== null && !goesOn.includes(outcome))

const goesOn = ['delivered', 'retry', 'too_large']

/** @returns false where it is not the one that was sent last. */
export async function trialArrived(
  desk: Desk,
  address: Found,
  { serial, id }: { serial: string; id: string },
): Promise<boolean> {
  await copyOf(desk, address)
  const trial = lapsing(desk, 'trial', serial)
  if (trial?.id !== id) return false
  keepTrial(desk, serial, { ...trial, arrivedAt: trial.arrivedAt ?? nowSeconds(desk) })
  return true
}
