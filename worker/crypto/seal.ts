/**
 * Seals secrets that must be read back: seeds of one-time passwords. AES-256-GCM with the identity of their row as associated
 * data, so that one row's secret opens in no other; the key's id in front tells which key it needs.
 *
 * `<key id>.<base64url of nonce (12) · ciphertext · tag (16)>`
 */
import { fromBase64url, toBase64url, utf8 } from '../../schema/encoding.ts'
import { deriveSeal, hmac, keptKey } from './derive.ts'
import type { Random } from './random.ts'

const nonceBytes = 12

export async function seal(
  master: CryptoKey,
  identity: string,
  secret: Uint8Array<ArrayBuffer>,
  random: Random,
): Promise<string> {
  const nonce = random(nonceBytes)
  const keyId = await keyIdOf(master)
  const sealed = await crypto.subtle.encrypt(
    parameters(keyId, identity, nonce),
    await keptKey(master, 'seal', deriveSeal),
    secret,
  )
  return `${keyId}.${toBase64url(new Uint8Array([...nonce, ...new Uint8Array(sealed)]))}`
}

/** @returns null for what was sealed with another key, for another row, or was changed. */
export async function unseal(
  master: CryptoKey,
  identity: string,
  sealed: string,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const [named, text, ...rest] = sealed.split('.')
  const keyId = await keyIdOf(master)
  const bytes = fromBase64url(text ?? '')
  if (named !== keyId || rest.length > 0 || !bytes || bytes.length <= nonceBytes) return null
  try {
    const secret = await crypto.subtle.decrypt(
      parameters(keyId, identity, bytes.subarray(0, nonceBytes)),
      await keptKey(master, 'seal', deriveSeal),
      bytes.subarray(nonceBytes),
    )
    return new Uint8Array(secret)
  } catch {
    return null
  }
}

/** Says which master key it was, and nothing of it. */
const keyIdOf = async (master: CryptoKey): Promise<string> =>
  toBase64url((await hmac(master, 'seal-key-id', '')).subarray(0, 6))

const parameters = (keyId: string, identity: string, iv: Uint8Array<ArrayBuffer>) => ({
  name: 'AES-GCM',
  iv,
  additionalData: utf8(`${keyId}|${identity}`),
})
