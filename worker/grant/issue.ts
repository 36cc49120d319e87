/** Codes and tokens: made here, kept by their hash alone. */
import { sha256, toBase64url } from '../../schema/encoding.ts'
import { type Context, nowSeconds } from '../env.ts'
import { keyIdIn } from '../store/databases.ts'
import {
  type Grant,
  type GrantToken,
  type TokenKind,
  insertGrant,
  insertTokens,
} from '../store/grants.ts'
import type { Person } from '../store/people.ts'
import type { Registration } from '../store/registrations.ts'
import { type Login, personClaims, signIdToken } from './claims.ts'
import { newSecret } from './keys.ts'
import { oauthRefusal } from './refusal.ts'

/** A browser brings it at once. */
const codeSeconds = 60
export const accessSeconds = 600
/** However often it is renewed: after a month a person is asked again. */
const grantSeconds = 30 * 86_400

export type Granted = {
  customer: string
  application: string
  person: string
  realm: string
  scope: string
  login: Login
  session: string
}

const newGrant = (context: Context, { login, ...granted }: Granted): Grant => ({
  ...granted,
  login,
  id: keyIdIn(context.database, toBase64url(context.random(16))),
  expiresAt: nowSeconds(context) + grantSeconds,
})

async function newToken(
  context: Context,
  grant: Grant,
  kind: TokenKind,
  lasting: { seconds: number; bound?: Record<string, string> },
): Promise<{ text: string; row: GrantToken }> {
  const text = newSecret(context)
  const expiresAt = Math.min(nowSeconds(context) + lasting.seconds, grant.expiresAt)
  const hash = await sha256(text)
  const bound = lasting.bound ?? {}
  return { text, row: { hash, grant: grant.id, kind, bound, usedAt: null, expiresAt } }
}

/** @returns the code, which is worth something with what it is bound to and nothing else. */
export async function giveCode(
  context: Context,
  granted: Granted,
  bound: { redirectUri: string; codeChallenge: string },
): Promise<string> {
  const grant = newGrant(context, granted)
  const { text, row } = await newToken(context, grant, 'code', { seconds: codeSeconds, bound })
  await insertGrant(context.db, grant, [row])
  return text
}

/** Where no browser carries a code. */
export async function giveGrant(context: Context, granted: Granted): Promise<Grant> {
  const grant = newGrant(context, granted)
  await insertGrant(context.db, grant, [])
  return grant
}

export type Tokens = {
  access_token: string
  token_type: 'Bearer'
  expires_in: number
  scope: string
  id_token: string
  refresh_token?: string
  authorization_details?: object[]
}

type For = { registration: Registration; clientId: string; person: Person }

/** @throws Refusal invalid_grant where it was revoked in this very moment. */
export async function giveTokens(
  context: Context,
  grant: Grant,
  { registration, clientId, person }: For,
  { renewed = false } = {},
): Promise<Tokens> {
  const login = grant.login as Login
  const access = await newToken(context, grant, 'access', { seconds: accessSeconds })
  const lasts = grant.scope.split(' ').includes('offline_access')
  const refresh = lasts
    ? await newToken(context, grant, 'refresh', { seconds: grantSeconds })
    : null
  const made = await insertTokens(context.db, [access.row, ...(refresh ? [refresh.row] : [])])
  if (!made) oauthRefusal('invalid_grant', 'the grant was revoked')
  const half = (await digest(access.text)).subarray(0, 16)
  const claims = {
    ...(await personClaims(context, grant, person)),
    auth_time: login.authTime,
    acr: login.acr,
    amr: login.amr,
    at_hash: toBase64url(half),
    // OpenID Connect Core §12.2: a renewed one should have none.
    ...(login.nonce !== undefined && !renewed && { nonce: login.nonce }),
    ...(grant.session !== '' && { sid: grant.session }),
  }
  const alg = registration.idTokenAlg
  return {
    access_token: access.text,
    token_type: 'Bearer',
    expires_in: accessSeconds,
    scope: grant.scope,
    id_token: await signIdToken(context, claims, { audience: clientId, alg }),
    ...(refresh && { refresh_token: refresh.text }),
    ...(login.details && { authorization_details: login.details }),
  }
}

const digest = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
