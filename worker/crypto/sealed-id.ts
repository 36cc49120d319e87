/**
 * Identifiers that carry their own route, sealed: whoever holds one learns nothing of its owner, two of one owner cannot
 * be linked, and one that we did not make is refused before any object wakes.
 *
 * 45 bytes, 60 base64url characters: key id (1) · time made (4) · random (8) · AES-256-GCM of the owner id (16) · tag (16).
 * The twelve bytes in the middle are the nonce: 64 random bits within one second.
 */
import { fromBase64url, toBase64url, utf8 } from '../../schema/encoding.ts'
import { deriveSeal, keptKey } from './derive.ts'
import { Recent } from './recent.ts'

const lengthBytes = 45
const daySeconds = 86_400

/** Short-lived kinds change their key each day (yesterday's and tomorrow's are accepted); the others keep theirs. */
const kinds = {
  transaction: { daily: true },
  challenge: { daily: true },
  enrolment: { daily: false },
  device: { daily: false },
} as const
export type SealedKind = keyof typeof kinds

/** Those that keep their key. One of the first form was made before an owner's first byte named a database: it was `DB`. */
const keptForm = { first: 0, now: 1 }

/** Sixteen bytes, base64url: names an owner's object. */
export type OwnerId = string & { readonly __ownerId: true }

export type Opened = { ownerId: OwnerId; madeAt: number }

/**
 * A login's ids are sealed once and opened by each poll, and by the answer and the redeem. Whoever holds one of these may know that
 * it is genuine, which is all that the time tells; finding it in a Map compares hashes first, which each process seeds anew.
 */
const opened = new Recent<{ is: Opened; day: number }>(4096)

type Sealing = { master: CryptoKey; kind: SealedKind; bound?: string }

/** @param sealing.bound text that must be given again to open it (a device id is bound to its key's thumbprint). */
export async function sealId(
  sealing: Sealing,
  ownerId: OwnerId,
  now: number,
  random: (bytes: number) => Uint8Array,
): Promise<string> {
  const owner = fromBase64url(ownerId)
  if (owner?.length !== 16) throw new TypeError('an owner id is 16 bytes')
  const day = Math.floor(now / daySeconds)
  const id = new Uint8Array(lengthBytes)
  id[0] = kinds[sealing.kind].daily ? day & 0xff : keptForm.now
  new DataView(id.buffer).setUint32(1, now)
  id.set(random(8), 5)
  const key = await sealKey(sealing, day)
  const sealed = await crypto.subtle.encrypt(parameters(sealing, id), key, owner)
  id.set(new Uint8Array(sealed), 13)
  const text = toBase64url(id)
  opened.set(sealing.master, nameOf(sealing, text), { is: { ownerId, madeAt: now }, day })
  return text
}

/** @returns the owner, or null for anything that this deployment did not make for this purpose. */
export async function openId(sealing: Sealing, text: string, now: number): Promise<Opened | null> {
  if (text.length !== 60) return null
  const today = Math.floor(now / daySeconds)
  const { daily } = kinds[sealing.kind]
  const known = opened.get(sealing.master, nameOf(sealing, text))
  if (known && (!daily || Math.abs(known.day - today) <= 1)) return known.is
  const id = fromBase64url(text)
  if (id?.length !== lengthBytes) return null
  const form = id[0] ?? 0
  const day = daily ? dayOf(form, today) : today
  if (day === null || (!daily && form > keptForm.now)) return null
  try {
    const key = await sealKey(sealing, day)
    const bytes = await crypto.subtle.decrypt(parameters(sealing, id), key, id.subarray(13))
    const owner = new Uint8Array(bytes)
    if (!daily && form === keptForm.first) owner[0] = 0
    const found: Opened = {
      ownerId: toBase64url(owner) as OwnerId,
      madeAt: new DataView(id.buffer).getUint32(1),
    }
    opened.set(sealing.master, nameOf(sealing, text), { is: found, day })
    return found
  } catch {
    return null
  }
}

/** With what it was sealed for: the same text is nothing elsewhere. */
const nameOf = ({ kind, bound = '' }: Sealing, text: string): string => `${kind}|${bound}|${text}`

const dayOf = (keyId: number, today: number): number | null =>
  [today, today - 1, today + 1].find((day) => (day & 0xff) === keyId) ?? null

const purposeOf = ({ kind }: Sealing, day: number): string =>
  `id/${kind}/${kinds[kind].daily ? day : 'kept'}`

const sealKey = (sealing: Sealing, day: number): Promise<CryptoKey> =>
  keptKey(sealing.master, purposeOf(sealing, day), deriveSeal)

const parameters = (sealing: Sealing, id: Uint8Array<ArrayBuffer>) => ({
  name: 'AES-GCM',
  iv: id.subarray(1, 13),
  additionalData: utf8(`${sealing.kind}|${id[0]}|${sealing.bound ?? ''}`),
})
