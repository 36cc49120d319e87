/** Makes a device key: ECDSA P-256, of which no script, ours included, can read the private half. */
import { publicHalf } from '../../../schema/jws.ts'
import type { KeyPair } from './database.ts'

export async function generateKeyPair(): Promise<KeyPair> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ])
  const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return { privateKey: pair.privateKey, publicKey: publicHalf(jwk) }
}
