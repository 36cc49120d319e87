/** Makes the JWS that a signed request carries: over method, path, body, time and a number used once. */
import { sha256, toBase64url } from '../../../schema/encoding.ts'
import { type PublicJwk, sign } from '../../../schema/jws.ts'
import { type RequestClaims, typ } from '../../../schema/signing.ts'
import { serverNow } from './clock.ts'

/** Who signs: a device that is enrolled. */
export type Signer = { deviceId: string; publicKey: PublicJwk; key: CryptoKey }

type Request = { method: string; path: string; bodyText: string }

export async function signRequest(signer: Signer, request: Request): Promise<string> {
  const claims: RequestClaims = {
    aud: location.origin,
    method: request.method,
    path: request.path,
    bodyHash: await sha256(request.bodyText),
    iat: serverNow(),
    jti: toBase64url(crypto.getRandomValues(new Uint8Array(16))),
  }
  return sign(typ.request, claims, { key: signer.key, kid: signer.deviceId, jwk: signer.publicKey })
}
