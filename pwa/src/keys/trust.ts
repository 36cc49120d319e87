/**
 * Which of the server's keys an account believes: those that a chain leads to from the root key it pinned. A key that is
 * not known yet is asked for once in a while, because servers replace theirs.
 */
import { trustedKeys } from '../../../schema/chain.ts'
import type { PublicJwk } from '../../../schema/jws.ts'
import { fetchKeys } from '../api/device.ts'
import type { Enrolment } from './database.ts'
import { update } from './enrolments.ts'

/** Messages that name unknown keys must not make this device ask for keys all day. */
const askAgainAfterMs = 10_000
const askedAtMs = new Map<string, number>()

/** @returns the key of that thumbprint, or null where the pinned root does not vouch for it. */
export async function trustedKey(enrolment: Enrolment, kid: string): Promise<PublicJwk | null> {
  const known = enrolment.chain && (await trustedKeys(enrolment.chain, enrolment.rootThumbprint))
  const key = known?.get(kid)
  if (key) return key
  const last = askedAtMs.get(enrolment.deviceId) ?? Number.NEGATIVE_INFINITY
  if (Date.now() - last < askAgainAfterMs) return null
  askedAtMs.set(enrolment.deviceId, Date.now())

  const asked = await fetchKeys()
  if (!asked.ok) return null
  const chain = { root: asked.value.root, links: asked.value.links }
  const fresh = await trustedKeys(chain, enrolment.rootThumbprint)
  if (!fresh) return null
  enrolment.chain = chain
  await update(enrolment.deviceId, { chain })
  return fresh.get(kid) ?? null
}
