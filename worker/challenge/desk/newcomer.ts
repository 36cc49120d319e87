/** Tells an owner's other devices that one was added: open apps by socket, the others by push. */
import { sign } from '../../../schema/jws.ts'
import { type NewcomerClaims, typ } from '../../../schema/signing.ts'
import { copyOf, isUsable, tokenCopy } from './copy.ts'
import { type Desk, type Found, nowSeconds } from './desk.ts'
import { queuePush } from './push-queue.ts'
import { sendSoon } from './push-queue.ts'
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

/** @returns null where it has gone meanwhile: there is nothing to warn of. */
export async function newcomerJws(
  desk: Desk,
  device: string,
  serial: string,
): Promise<string | null> {
  const added = tokenCopy(desk, serial)
  if (!added || !isUsable(desk, added)) return null
  const iat = nowSeconds(desk)
  const { deviceName: name, heldUntil } = added
  const claims: NewcomerClaims = { aud: device, serial, name, heldUntil: heldUntil ?? iat, iat }
  return sign(typ.newcomer, claims, desk.deployment.signing)
}
