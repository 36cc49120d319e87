/** Tells an owner's other devices that one was added: open apps by socket, the others by push. */
import { copyOf, isUsable } from './copy.ts'
import { type Desk, type Found, nowSeconds } from './desk.ts'
import { queuePush, sendSoon } from './push-queue.ts'
import { say } from './tell.ts'

/** Whoever's phone was off until then finds it in the app. */
const ttlSeconds = 86_400

/** @param ring false: an open app looks again, and nobody's phone rings. */
export async function tellNewcomer(
  desk: Desk,
  address: Found,
  { serial, ring }: { serial: string; ring: boolean },
): Promise<void> {
  const copy = await copyOf(desk, address)
  const untilAt = nowSeconds(desk) + ttlSeconds
  const about = { id: `newcomer/${serial}`, challenge: serial, answerableUntilAt: untilAt }
  let queued = false
  for (const token of copy.tokens) {
    if (token.serial === serial || token.type !== 'push' || !isUsable(desk, token)) continue
    say(desk, token.serial, { type: 'newcomers' })
    if (ring) queued = queuePush(desk, about, token.serial, 'newcomer', untilAt) || queued
  }
  if (queued) void sendSoon(desk)
}
