/** Signing and checking a compact JWS with ES256. Every JWS of ours has a `typ` of its own, so that none can stand in for another. */
import {
  CompactSign,
  type CompactJWSHeaderParameters,
  type JWK,
  calculateJwkThumbprint,
  compactVerify,
  decodeProtectedHeader,
  importJWK,
} from 'jose'
import * as v from 'valibot'
import { utf8 } from './encoding.ts'

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
export const thumbprint = (jwk: PublicJwk): Promise<string> => calculateJwkThumbprint(jwk as JWK)

/** @returns the public half of a key's JWK; nothing private passes. */
export const publicHalf = (jwk: JWK): PublicJwk => v.parse(PublicJwk, jwk)

type Signer = { key: CryptoKey; kid?: string; jwk?: PublicJwk }

export function sign(typ: string, claims: object, signer: Signer): Promise<string> {
  const header: CompactJWSHeaderParameters = { alg: 'ES256', typ }
  if (signer.kid !== undefined) header.kid = signer.kid
  if (signer.jwk !== undefined) header.jwk = signer.jwk
  return new CompactSign(utf8(JSON.stringify(claims))).setProtectedHeader(header).sign(signer.key)
}

/** @returns the claims, or null where the signature, the type or the claims' shape is not what was expected. Does not look at times. */
export async function verify<S extends v.GenericSchema>(
  expectedTyp: string,
  jws: string,
  key: PublicJwk | CryptoKey,
  claims: S,
): Promise<v.InferOutput<S> | null> {
  try {
    const imported = key instanceof CryptoKey ? key : await importJWK(key as JWK, 'ES256')
    const { payload, protectedHeader } = await compactVerify(jws, imported, {
      algorithms: ['ES256'],
    })
    if (protectedHeader.typ !== expectedTyp) return null
    const parsed = v.safeParse(claims, JSON.parse(new TextDecoder().decode(payload)))
    return parsed.success ? parsed.output : null
  } catch {
    return null
  }
}

/** @returns the protected header, unverified, or null where there is none to read. */
export function headerOf(jws: string): CompactJWSHeaderParameters | null {
  try {
    return decodeProtectedHeader(jws) as CompactJWSHeaderParameters
  } catch {
    return null
  }
}
