/**
 * RSA as stock phones have it: RSASSA-PKCS1-v1_5 with SHA-256, keys as base64 of DER, signatures in base32. Keys are judged
 * here when a phone brings one, and made here for the pool; nothing else of RSA is in this project.
 */
import { fromBase32, toPaddedBase32 } from '../../schema/base32.ts'
import { utf8 } from '../../schema/encoding.ts'

const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

/** Under 2048 bits a key is too weak; over 8192 checking one costs too much. */
const bits = { least: 2048, most: 8192 }

/** Of the server's own. RSA-4096 would cost ten times as much to make and seven times as much to sign with. */
const ownBits = 2048

/** Before the PKCS #1 key in an SPKI of 2048 bits: two lengths, the algorithm's name, and the bit string's beginning. */
const spkiHeaderBytes = 24

/** @returns the key, or what is wrong with it in words. */
export async function phoneKeyOf(text: string): Promise<{ key: CryptoKey } | { problem: string }> {
  const der = fromLooseBase64(text)
  if (!der) return { problem: 'must be base64 of an RSA public key (SPKI, DER)' }
  try {
    const key = await crypto.subtle.importKey('spki', der, algorithm, true, ['verify'])
    const { modulusLength, publicExponent } = key.algorithm as {
      modulusLength: number
      publicExponent: Uint8Array
    } & typeof key.algorithm
    if (modulusLength < bits.least || modulusLength > bits.most)
      return { problem: `must be an RSA key of ${bits.least} to ${bits.most} bits` }
    // With exponent 1 anything is a signature of itself; even ones are no exponents.
    const exponent = BigInt(`0x${hex(publicExponent)}`)
    return exponent > 2n && exponent % 2n === 1n
      ? { key }
      : { problem: 'must have an odd exponent above 2' }
  } catch {
    return { problem: 'must be an RSA public key (SPKI, DER)' }
  }
}

/** Twice what a key of 8192 bits takes. */
const longestText = 3072

/** Apps send the URL-safe alphabet or the usual one, and some let + become a blank on the way. */
function fromLooseBase64(text: string): Uint8Array<ArrayBuffer> | null {
  const plain = text
    .replace(/[\r\n]/g, '')
    .trim()
    .replaceAll(/[ -]/g, '+')
    .replaceAll('_', '/')
    .replace(/=+$/, '')
  if (
    plain === '' ||
    text.length > longestText ||
    !/^[A-Za-z0-9+/]+$/.test(plain) ||
    plain.length % 4 === 1
  )
    return null
  return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0))
}

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')

/** @param key as the phone sent it when it enrolled, and as it was found good then. */
export async function isSignedByPhone(
  key: string,
  text: string,
  signature: string,
): Promise<boolean> {
  const bytes = fromBase32(signature)
  const phone = bytes && (await phoneKeyOf(key))
  if (!phone || 'problem' in phone) return false
  return crypto.subtle.verify(algorithm, phone.key, bytes, utf8(text))
}

/** The private half as PKCS #8, the public one as PKCS #1: what the app takes. */
export async function newRsaKey(): Promise<{
  privateKey: Uint8Array<ArrayBuffer>
  publicKey: string
}> {
  const pair = (await crypto.subtle.generateKey(
    { ...algorithm, modulusLength: ownBits, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ['sign', 'verify'],
  )) as CryptoKeyPair
  const [pkcs8, spki] = (await Promise.all([
    crypto.subtle.exportKey('pkcs8', pair.privateKey),
    crypto.subtle.exportKey('spki', pair.publicKey),
  ])) as [ArrayBuffer, ArrayBuffer]
  return {
    privateKey: new Uint8Array(pkcs8),
    publicKey: toBase64(new Uint8Array(spki).subarray(spkiHeaderBytes)),
  }
}

const toBase64 = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))

/** @param privateKey PKCS #8. @returns a function that signs a text, in base32. */
export async function rsaSigner(
  privateKey: Uint8Array<ArrayBuffer>,
): Promise<(text: string) => Promise<string>> {
  const key = await crypto.subtle.importKey('pkcs8', privateKey, algorithm, false, ['sign'])
  return async (text) =>
    toPaddedBase32(new Uint8Array(await crypto.subtle.sign(algorithm.name, key, utf8(text))))
}
