/**
 * A push subscription without a browser: it decrypts what is sent to it by RFC 8291 and RFC 8188, written from the
 * standards and sharing nothing with the sender's library. WebCrypto only, so it runs in workerd too.
 */
import { toBase64url, utf8 } from '../../schema/encoding.ts'
import type { SubscriptionUpdate } from '../../schema/device.ts'
import { p256Keys } from './p256.ts'

export type VirtualSubscription = {
  /** What a browser would hand to the page. */
  subscription: NonNullable<SubscriptionUpdate['subscription']>
  decrypt(body: Uint8Array): Promise<string>
}

/** RFC 8291 §3.2: the key pair and the authentication secret that a user agent makes for each subscription. */
export type SubscriptionSecrets = { keys: CryptoKeyPair; auth: Uint8Array<ArrayBuffer> }

const curve = { name: 'ECDH', namedCurve: 'P-256' }

export async function makeSubscription(endpoint: string): Promise<VirtualSubscription> {
  const keys = await p256Keys('agree', true)
  return subscriptionOf(endpoint, { keys, auth: crypto.getRandomValues(new Uint8Array(16)) })
}

export async function subscriptionOf(
  endpoint: string,
  secrets: SubscriptionSecrets,
): Promise<VirtualSubscription> {
  const point = new Uint8Array(
    (await crypto.subtle.exportKey('raw', secrets.keys.publicKey)) as ArrayBuffer,
  )
  const subscription = {
    endpoint,
    keys: { p256dh: toBase64url(point), auth: toBase64url(secrets.auth) },
  }
  return { subscription, decrypt: (body) => decrypt(body, { ...secrets, point }) }
}

type Receiver = SubscriptionSecrets & { point: Uint8Array<ArrayBuffer> }

/** RFC 8188 §2.1: salt (16), record size (4), key id length (1), key id; then, as RFC 8291 §4 has it, one record. */
async function decrypt(message: Uint8Array, receiver: Receiver): Promise<string> {
  const body = new Uint8Array(message)
  const idLength = body[20] ?? 0
  if (idLength !== 65) throw new Error(`the sender's key has ${idLength} bytes, not 65`)
  const salt = body.slice(0, 16)
  const senderPoint = body.slice(21, 21 + idLength)
  const record = body.slice(21 + idLength)
  if (record.length > new DataView(body.buffer).getUint32(16))
    throw new Error('more than one record')
  const { key, nonce } = await contentKey(receiver, senderPoint, salt)
  const opened = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonce }, key, record)
  return unpadded(new Uint8Array(opened))
}

/** RFC 8291 §3.4. */
async function contentKey(
  { keys, auth, point }: Receiver,
  senderPoint: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
): Promise<{ key: CryptoKey; nonce: ArrayBuffer }> {
  const sender = await crypto.subtle.importKey('raw', senderPoint, curve, false, [])
  // workers-types calls the member `$public`; the standard and the runtime `public`.
  const agreement = { name: 'ECDH', public: sender } as unknown as Parameters<
    typeof crypto.subtle.deriveBits
  >[0]
  const shared = await crypto.subtle.deriveBits(agreement, keys.privateKey, 256)
  const keyInfo = new Uint8Array([...utf8('WebPush: info\0'), ...point, ...senderPoint])
  const secret = await hkdf(shared, auth, keyInfo, 32)
  const keyBytes = await hkdf(secret, salt, utf8('Content-Encoding: aes128gcm\0'), 16)
  const nonce = await hkdf(secret, salt, utf8('Content-Encoding: nonce\0'), 12)
  const key = await crypto.subtle.importKey('raw', keyBytes, 'AES-GCM', false, ['decrypt'])
  return { key, nonce }
}

async function hkdf(
  input: ArrayBuffer,
  salt: Uint8Array<ArrayBuffer>,
  info: Uint8Array<ArrayBuffer>,
  lengthBytes: number,
): Promise<ArrayBuffer> {
  const key = await crypto.subtle.importKey('raw', input, 'HKDF', false, ['deriveBits'])
  return crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt, info },
    key,
    lengthBytes * 8,
  )
}

/** RFC 8188 §2: the last record ends in 0x02 and any number of zeros. */
function unpadded(padded: Uint8Array): string {
  const end = padded.findLastIndex((byte) => byte !== 0)
  if (padded[end] !== 2) throw new Error('the record does not end as a last record does')
  return new TextDecoder().decode(padded.subarray(0, end))
}
