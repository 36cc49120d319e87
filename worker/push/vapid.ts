/**
 * Says who pushes: the VAPID header of RFC 8292, signed once for each push service and half a day. A signature costs more than
 * the message it stands beside.
 */
import { SignJWT, importJWK } from 'jose'
import { fromBase64url, toBase64url } from '../../schema/encoding.ts'
import type { Deployment } from '../env.ts'

type Vapid = Deployment['vapid']

/** RFC 8292 §2: at most a day. */
const tokenSeconds = 43_200
/** A token that ends while a message travels would lose it. */
const marginSeconds = 3600
/** Push services are few; whoever names more makes us forget. */
const mostKept = 100

const kept = new Map<string, { header: string; goodUntil: number }>()

/** @param endpoint of a subscription: its origin is whom the token is for. @returns the value of `Authorization`. */
export async function vapidHeader(
  endpoint: string,
  vapid: Vapid,
  nowSeconds: number,
): Promise<string> {
  const { subject, publicKey } = vapid
  const audience = new URL(endpoint).origin
  const name = JSON.stringify([audience, subject, publicKey])
  const known = kept.get(name)
  if (known && known.goodUntil > nowSeconds) return known.header
  const token = await new SignJWT()
    .setProtectedHeader({ typ: 'JWT', alg: 'ES256' })
    .setAudience(audience)
    .setExpirationTime(nowSeconds + tokenSeconds)
    .setSubject(subject)
    .sign(await signingKey(vapid))
  const header = `vapid t=${token}, k=${publicKey}`
  if (kept.size >= mostKept) kept.clear()
  kept.set(name, { header, goodUntil: nowSeconds + tokenSeconds - marginSeconds })
  return header
}

/** The public key is an uncompressed point: 4, then x and y of 32 bytes each. */
function signingKey({ publicKey, privateKey: d }: Vapid) {
  const point = fromBase64url(publicKey) ?? new Uint8Array()
  const [x, y] = [toBase64url(point.slice(1, 33)), toBase64url(point.slice(33, 65))]
  return importJWK({ kty: 'EC', crv: 'P-256', x, y, d }, 'ES256')
}
