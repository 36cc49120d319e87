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
import { type SigningSecret, secretAlgorithms, signingSecrets } from './signing-secret.ts'

const keyAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA']
export const statementAlgorithms = [...keyAlgorithms, ...secretAlgorithms]

/** Longer ones would have to be remembered longer. */
const longestSeconds = 600
/** A gateway's clock and its idea of a request's life are its maker's; each is good once all the same. */
const longestByGatewaySeconds = 3600
const skewSeconds = 60

export type Kind = 'assertion' | 'request'

const types: Record<Kind, (string | undefined)[]> = {
  assertion: [undefined, 'jwt', 'client-authentication+jwt'],
  request: [undefined, 'jwt', 'oauth-authz-req+jwt'],
}

/**
 * A request that is signed with a secret is for us and from the application, whatever else it says: nobody else has the secret. So its iss and
 * aud may be missing, but not wrong.
 * @throws Refusal invalid_client · invalid_request_object
 */
export async function readStatement(
  { context, clientId, registration }: Known,
  text: string,
  kind: Kind,
): Promise<{ claims: Record<string, unknown>; kid: string }> {
  const wrong = (why: string): never =>
    oauthRefusal(kind === 'assertion' ? 'invalid_client' : 'invalid_request_object', why)
  const verified = isBySecret(text)
    ? await verifiedBySecret(await signingSecrets(context, registration), text)
    : await verifiedBy(registration.keys as JWK[], text)
  if (!verified)
    return wrong(
      'is not signed by a key or secret that this application is registered to sign with',
    )
  const { claims, typ, kid } = verified
  const mayOmit = kind === 'request' && isBySecret(text) && claims['client_id'] === clientId
  if (!types[kind].includes(typ?.toLowerCase())) wrong(`has the wrong typ '${typ}'`)
  const { origin } = context.deployment
  const endpoints = ['token', 'par', 'ciba', ...(kind === 'request' ? ['authorize'] : [])]
  const audiences = [origin, ...endpoints.map((name) => `${origin}/oauth/${name}`)]
  const isOmitted = (name: string) => mayOmit && claims[name] === undefined
  if (!isOmitted('aud') && ![claims['aud']].flat().some((one) => audiences.includes(String(one))))
    wrong(`aud must be ${origin}`)
  if (!isOmitted('iss') && claims['iss'] !== clientId) wrong('iss must be the Client ID')
  // RFC 9101 §10.8.
  if ((claims['sub'] === clientId) !== (kind === 'assertion'))
    wrong(kind === 'assertion' ? 'sub must be the Client ID' : 'sub must not be the Client ID here')
  const now = nowSeconds(context)
  const [exp, nbf] = [claims['exp'], claims['nbf']].map((at) =>
    at === undefined ? null : Number(at),
  )
  if (exp === null || exp === undefined || !(exp > now - skewSeconds))
    wrong('exp is missing or over')
  const longest = mayOmit ? longestByGatewaySeconds : longestSeconds
  if (exp! > now + longest) wrong(`exp must be within ${longest} seconds`)
  if (nbf !== null && nbf !== undefined && !(nbf <= now + skewSeconds))
    wrong('nbf is in the future')
  const mark = typeof claims['jti'] === 'string' ? claims['jti'] : text
  const hash = await sha256(JSON.stringify([kind, clientId, mark]))
  if (!(await useOnce(context.db, hash, exp! + skewSeconds))) wrong('was used before')
  return { claims, kid }
}

type Verified = { claims: Record<string, unknown>; typ: string | undefined; kid: string }

const isBySecret = (text: string): boolean => secretAlgorithms.includes(headerOf(text)?.alg ?? '')

async function verifiedBySecret(secrets: SigningSecret[], text: string): Promise<Verified | null> {
  for (const { id, key } of secrets) {
    const verified = await verifiedWith(key, secretAlgorithms, text)
    if (verified) return { ...verified, kid: id }
  }
  return null
}

async function verifiedBy(keys: JWK[], text: string): Promise<Verified | null> {
  const header = headerOf(text)
  if (!header) return null
  const named = keys.filter((key) => header.kid === undefined || key.kid === header.kid)
  for (const key of named) {
    const imported = await importJWK(key, header.alg).catch(() => null)
    // Another key of theirs may fit.
    const verified = imported && (await verifiedWith(imported, keyAlgorithms, text))
    if (verified) return { ...verified, kid: await keyName(key) }
  }
  return null
}

async function verifiedWith(
  key: CryptoKey | Uint8Array,
  algorithms: string[],
  text: string,
): Promise<Omit<Verified, 'kid'> | null> {
  try {
    const { payload, protectedHeader } = await compactVerify(text, key, { algorithms })
    const claims: unknown = JSON.parse(new TextDecoder().decode(payload))
    return typeof claims === 'object' && claims !== null
      ? { claims: claims as Record<string, unknown>, typ: protectedHeader.typ }
      : null
  } catch {
    return null
  }
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
