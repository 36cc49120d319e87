/**
 * Signing and checking a compact JWS (RFC 7515) with ES256 and nothing else. Every JWS of ours has a `typ` of its own, so that none
 * can stand in for another.
 */
import * as v from 'valibot'
import { fromBase64url, sha256, toBase64url, utf8 } from './encoding.ts'

export type PublicJwk = { kty: 'EC'; crv: 'P-256'; x: string; y: string }

/** The only public keys that a device may bring and the server may have. */
export const PublicJwk = v.pipe(
  v.object({
    kty: v.literal('EC'),
    crv: v.literal('P-256'),
    x: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
    y: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
  }),
)

/** RFC 7638: the key's name, from its own bytes. */
export const thumbprint = ({ crv, kty, x, y }: PublicJwk): Promise<string> =>
  sha256(JSON.stringify({ crv, kty, x, y }))

/** @returns the public half of a key's JWK; nothing private passes. */
export const publicHalf = (jwk: object): PublicJwk => v.parse(PublicJwk, jwk)

const p256 = { name: 'ECDSA', namedCurve: 'P-256' }
const es256 = { name: 'ECDSA', hash: 'SHA-256' }
/** RFC 7518 §3.4: two numbers of 32 bytes, one behind the other. */
const signatureBytes = 64

/** For those who check more than one signature of a key. @throws DOMException where x and y are no point of the curve */
export const importPublic = (jwk: PublicJwk): Promise<CryptoKey> =>
  crypto.subtle.importKey('jwk', jwk, p256, false, ['verify'])

type Signer = { key: CryptoKey; kid?: string; jwk?: PublicJwk }

export async function sign(
  typ: string,
  claims: object,
  { key, kid, jwk }: Signer,
): Promise<string> {
  // JSON leaves out what is undefined.
  const signed = [{ alg: 'ES256', typ, kid, jwk }, claims].map(part).join('.')
  const signature = await crypto.subtle.sign(es256, key, utf8(signed))
  return `${signed}.${toBase64url(new Uint8Array(signature))}`
}

const part = (value: object): string => toBase64url(utf8(JSON.stringify(value)))

/** @returns the claims, or null where the signature, the type or the claims' shape is not what was expected. Does not look at times. */
export async function verify<S extends v.GenericSchema>(
  expectedTyp: string,
  jws: string,
  key: PublicJwk | CryptoKey,
  claims: S,
): Promise<v.InferOutput<S> | null> {
  const [header = '', payload = '', signature = '', ...more] = jws.split('.')
  const bytes = fromBase64url(signature)
  if (more.length > 0 || bytes?.length !== signatureBytes || !isOurs(headerOf(header), expectedTyp))
    return null
  try {
    const imported = key instanceof CryptoKey ? key : await importPublic(key)
    const signed = utf8(`${header}.${payload}`)
    if (!(await crypto.subtle.verify(es256, imported, bytes, signed))) return null
  } catch {
    // No point of the curve, or no key for this.
    return null
  }
  const parsed = v.safeParse(claims, objectIn(payload))
  return parsed.success ? parsed.output : null
}

const Header = v.object({
  alg: v.optional(v.string()),
  typ: v.optional(v.string()),
  kid: v.optional(v.string()),
  jwk: v.optional(v.unknown()),
  crit: v.optional(v.unknown()),
})
type Header = v.InferOutput<typeof Header>

/** RFC 7515 §4.1.11: who does not know what `crit` names must refuse, and we know nothing that it may name. */
const isOurs = (header: Header | null, typ: string): boolean =>
  header !== null && header.alg === 'ES256' && header.typ === typ && header.crit === undefined

/** @returns the protected header, unverified, or null where there is none to read. */
export function headerOf(jws: string): Header | null {
  const header = v.safeParse(Header, objectIn(jws.split('.', 1)[0] ?? ''))
  return header.success ? header.output : null
}

/** RFC 8725 §3.7: UTF-8, and nothing that is none. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function objectIn(text: string): object | null {
  const bytes = fromBase64url(text)
  if (!bytes) return null
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}
