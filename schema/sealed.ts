/**
 * A secret sealed to one key: an ephemeral key agrees with the recipient's (ECDH, P-256), HKDF makes a key of what they agree on,
 * AES-256-GCM seals. Whoever reads the answer on its way, or gets it again by repeating the request, has nothing.
 */
import type { Sealed } from './device.ts'
import { fromBase64url, toBase64url, utf8 } from './encoding.ts'
import { type PublicJwk, publicHalf } from './jws.ts'

const curve = { name: 'ECDH', namedCurve: 'P-256' }

/** A key for agreement alone, of which no script can read the private half. */
export const agreementKeys = (extractable = false): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey(curve, extractable, ['deriveBits']) as Promise<CryptoKeyPair>

export const exportPublic = async (key: CryptoKey): Promise<PublicJwk> =>
  publicHalf((await crypto.subtle.exportKey('jwk', key)) as JsonWebKey)

/** @returns null for what is no point of the curve. */
export async function importAgreement(jwk: PublicJwk): Promise<CryptoKey | null> {
  try {
    return await crypto.subtle.importKey('jwk', jwk, curve, true, [])
  } catch {
    return null
  }
}

/** @param purpose what it is for: opened for anything else it does not open. */
export async function sealTo(
  recipient: CryptoKey,
  secret: Uint8Array<ArrayBuffer>,
  purpose: string,
): Promise<Sealed> {
  const ephemeral = await agreementKeys()
  const names = { key: await exportPublic(ephemeral.publicKey), recipient }
  const key = await sharedKey(ephemeral.privateKey, recipient, names, 'encrypt')
  const box = await crypto.subtle.encrypt(sealing(purpose), key, secret)
  return { key: names.key, box: toBase64url(new Uint8Array(box)) }
}

/** @returns a key for HMAC that cannot be read, of bytes that no script has seen; null where it is not for us. */
export async function openHmac(
  sealed: Sealed,
  own: CryptoKeyPair,
  { purpose, hash }: { purpose: string; hash: 'SHA-256' },
): Promise<CryptoKey | null> {
  const sender = await importAgreement(sealed.key)
  const box = fromBase64url(sealed.box)
  if (!sender || !box) return null
  const names = { key: sealed.key, recipient: own.publicKey }
  const key = await sharedKey(own.privateKey, sender, names, 'unwrapKey')
  try {
    const kind = { name: 'HMAC', hash }
    return await crypto.subtle.unwrapKey('raw', box, key, sealing(purpose), kind, false, ['sign'])
  } catch {
    return null
  }
}

/** Each ephemeral key is used once, so the nonce need not be another each time. */
const sealing = (purpose: string) => ({
  name: 'AES-GCM',
  iv: new Uint8Array(12),
  additionalData: utf8(purpose),
})

async function sharedKey(
  own: CryptoKey,
  other: CryptoKey,
  names: { key: PublicJwk; recipient: CryptoKey },
  use: 'encrypt' | 'unwrapKey',
): Promise<CryptoKey> {
  const agreed = await crypto.subtle.deriveBits(agreeingWith(other), own, 256)
  const material = await crypto.subtle.importKey('raw', agreed, 'HKDF', false, ['deriveKey'])
  const { x, y } = await exportPublic(names.recipient)
  // Both keys are named: what was sealed to one is nothing to another.
  const info = utf8(['countersign/sealed', names.key.x, names.key.y, x, y].join('|'))
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
  const aes = { name: 'AES-GCM', length: 256 }
  return crypto.subtle.deriveKey(hkdf, material, aes, false, [use])
}

/** The types of workerd call it `$public`, the standard and all runtimes `public`. */
const agreeingWith = (other: CryptoKey) =>
  ({ name: 'ECDH', public: other }) as unknown as { name: string }
