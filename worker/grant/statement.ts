/**
 * What an application has signed with its own key: its name (RFC 7523) or a request (RFC 9101). Each is for us, recent, and good
 * once; one kind cannot stand in for the other, because only the first is about the application itself.
 */
import { type JWK, compactVerify, decodeProtectedHeader, importJWK } from 'jose'
import { sha256 } from '../../schema/encoding.ts'
import { nowSeconds } from '../env.ts'
import { useOnce } from '../store/sign-ins.ts'
import type { Known } from './known.ts'
import { oauthRefusal } from './refusal.ts'

export const statementAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA']

/** Longer ones would have to be remembered longer. */
const longestSeconds = 600
const skewSeconds = 60

export type Kind = 'assertion' | 'request'

const types: Record<Kind, (string | undefined)[]> = {
  assertion: [undefined, 'jwt', 'client-authentication+jwt'],
  request: [undefined, 'jwt', 'oauth-authz-req+jwt'],
}

/** @throws Refusal invalid_client · invalid_request_object */
export async function readStatement(
  { context, clientId, registration }: Known,
  text: string,
  kind: Kind,
): Promise<{ claims: Record<string, unknown>; kid: string }> {
  const wrong = (why: string): never =>
    oauthRefusal(kind === 'assertion' ? 'invalid_client' : 'invalid_request_object', why)
  const verified = await verifiedBy(registration.keys as JWK[], text)
  if (!verified) return wrong('is not signed by a key that this application is registered with')
  const { claims, typ, kid } = verified
  if (!types[kind].includes(typ?.toLowerCase())) wrong(`has the wrong typ '${typ}'`)
  const { origin } = context.deployment
  const audiences = [origin, `${origin}/oauth/token`, `${origin}/oauth/par`, `${origin}/oauth/ciba`]
  if (![claims['aud']].flat().some((one) => audiences.includes(String(one))))
    wrong(`aud must be ${origin}`)
  if (claims['iss'] !== clientId) wrong('iss must be the Client ID')
  // RFC 9101 §10.8.
  if ((claims['sub'] === clientId) !== (kind === 'assertion'))
    wrong(kind === 'assertion' ? 'sub must be the Client ID' : 'sub must not be the Client ID here')
  const now = nowSeconds(context)
  const [exp, nbf] = [claims['exp'], claims['nbf']].map((at) =>
    at === undefined ? null : Number(at),
  )
  if (exp === null || exp === undefined || !(exp > now - skewSeconds))
    wrong('exp is missing or over')
  if (exp! > now + longestSeconds) wrong(`exp must be within ${longestSeconds} seconds`)
  if (nbf !== null && nbf !== undefined && !(nbf <= now + skewSeconds))
    wrong('nbf is in the future')
  const mark = typeof claims['jti'] === 'string' ? claims['jti'] : text
  const hash = await sha256(JSON.stringify([kind, clientId, mark]))
  if (!(await useOnce(context.db, hash, exp! + skewSeconds))) wrong('was used before')
  return { claims, kid }
}

type Verified = { claims: Record<string, unknown>; typ: string | undefined; kid: string }

async function verifiedBy(keys: JWK[], text: string): Promise<Verified | null> {
  const header = headerOf(text)
  if (!header) return null
  const named = keys.filter((key) => header.kid === undefined || key.kid === header.kid)
  for (const key of named)
    try {
      const imported = await importJWK(key, header.alg)
      const { payload } = await compactVerify(text, imported, { algorithms: statementAlgorithms })
      const claims: unknown = JSON.parse(new TextDecoder().decode(payload))
      if (typeof claims === 'object' && claims !== null)
        return {
          claims: claims as Record<string, unknown>,
          typ: header.typ,
          kid: await keyName(key),
        }
    } catch {
      // Another key of theirs may fit.
    }
  return null
}

export const keyName = async (key: object): Promise<string> =>
  `key ${await sha256(JSON.stringify(key))}`

function headerOf(text: string) {
  try {
    const { alg, kid, typ } = decodeProtectedHeader(text)
    return typeof alg === 'string' ? { alg, kid, typ } : null
  } catch {
    return null
  }
}
