/** Every symmetric key comes from the master key by its name (HKDF, RFC 5869), so that no key serves two purposes. */
import { utf8 } from '../../schema/encoding.ts'

/** HMAC-SHA-256 key named `purpose`. */
export function deriveHmac(master: CryptoKey, purpose: string): Promise<CryptoKey> {
  return crypto.subtle.deriveKey(
    hkdf(purpose),
    master,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign', 'verify'],
  )
}

/** AES-256-GCM key named `purpose`. */
export function deriveSeal(master: CryptoKey, purpose: string): Promise<CryptoKey> {
  return crypto.subtle.deriveKey(hkdf(purpose), master, { name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ])
}

const hkdf = (purpose: string) => ({
  name: 'HKDF',
  hash: 'SHA-256',
  salt: new Uint8Array(),
  info: utf8(`countersign/${purpose}`),
})

const kept = new WeakMap<CryptoKey, Map<string, Promise<CryptoKey>>>()

/** As `derive`, but each name only once for each master key in this isolate. */
export function keptKey(
  master: CryptoKey,
  purpose: string,
  derive: (master: CryptoKey, purpose: string) => Promise<CryptoKey>,
): Promise<CryptoKey> {
  let keys = kept.get(master)
  if (!keys) kept.set(master, (keys = new Map()))
  let key = keys.get(purpose)
  if (!key) keys.set(purpose, (key = derive(master, purpose)))
  return key
}

export async function hmac(master: CryptoKey, purpose: string, text: string): Promise<Uint8Array> {
  const key = await keptKey(master, purpose, deriveHmac)
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(text)))
}
