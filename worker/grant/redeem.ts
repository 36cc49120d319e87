/** A code or a refresh token for tokens: each once. Shown again, somebody has stolen it: all that came of it ends. */
import { sha256 } from '../../schema/encoding.ts'
import { equalSecrets } from '../crypto/equal.ts'
import { type Context, nowSeconds } from '../env.ts'
import { writeAudit } from '../record/audit.ts'
import {
  type Grant,
  type GrantToken,
  type TokenKind,
  deleteGrant,
  findGrant,
  findToken,
  useToken,
} from '../store/grants.ts'
import type { Registration } from '../store/registrations.ts'
import { personOf } from './claims.ts'
import { type Tokens, giveTokens } from './issue.ts'
import { oauthRefusal } from './refusal.ts'

export type By = { registration: Registration; clientId: string }

/** @throws Refusal invalid_grant */
export async function redeemCode(
  context: Context,
  by: By,
  { code, redirectUri, verifier }: { code: string; redirectUri: string; verifier: string },
): Promise<Tokens> {
  const { token, grant } = await taken(context, by, code, 'code')
  const { bound } = token
  // RFC 7636 §4.6.
  const challenge = await sha256(verifier)
  if (
    bound['redirectUri'] !== redirectUri ||
    !equalSecrets(challenge, bound['codeChallenge'] ?? '')
  ) {
    // Whoever has a code without its verifier has it from somebody else.
    await deleteGrant(context.db, grant.id)
    oauthRefusal('invalid_grant', 'redirect_uri or code_verifier is not that of the request')
  }
  return tokensFor(context, by, grant, false)
}

/** @throws Refusal invalid_grant · invalid_scope */
export async function redeemRefresh(
  context: Context,
  by: By,
  { refreshToken, scope }: { refreshToken: string; scope: string },
): Promise<Tokens> {
  const found = await findToken(context.db, await sha256(refreshToken))
  const granted = found?.grant.scope.split(' ') ?? []
  const asked = scope === '' ? granted : scope.split(' ')
  if (found && !asked.every((one) => granted.includes(one)))
    oauthRefusal('invalid_scope', 'scope is more than was granted')
  const { grant } = await taken(context, by, refreshToken, 'refresh')
  return tokensFor(context, by, grant, true)
}

async function tokensFor(
  context: Context,
  by: By,
  grant: Grant,
  renewed: boolean,
): Promise<Tokens> {
  const person = await personOf(context, grant)
  if (!person) {
    await deleteGrant(context.db, grant.id)
    return oauthRefusal('invalid_grant', 'the person is gone, or the device that let them in')
  }
  return giveTokens(context, grant, { ...by, person }, { renewed })
}

/** To any but the application that it was given to it is unknown, and nothing of it is used up by asking. */
async function taken(
  context: Context,
  { registration }: By,
  text: string,
  kind: TokenKind,
): Promise<{ token: GrantToken; grant: Grant }> {
  const { db } = context
  const hash = await sha256(text)
  const found = await findToken(db, hash)
  if (!found || found.grant.application !== registration.application || found.token.kind !== kind)
    return oauthRefusal('invalid_grant', `this ${nameOf[kind]} is unknown, used or over`)
  const token = await useToken(db, hash, kind, nowSeconds(context))
  const grant = token && (await findGrant(db, token.grant))
  if (token && grant) return { token, grant }
  const { grant: before } = found
  // RFC 6749 §10.5, RFC 9700 §4.14.2.
  if (found.token.usedAt !== null || token === null)
    await revokeReused(context, before, kind, found)
  return oauthRefusal('invalid_grant', `this ${nameOf[kind]} is unknown, used or over`)
}

const nameOf = { code: 'code', refresh: 'refresh token', access: 'access token' }

async function revokeReused(
  context: Context,
  grant: Grant,
  kind: TokenKind,
  { token }: { token: GrantToken },
): Promise<void> {
  // One that merely lapsed tells nothing.
  if (token.usedAt === null && token.expiresAt <= nowSeconds(context)) return
  await deleteGrant(context.db, grant.id)
  const { customer, application, realm } = grant
  const detail = { reason: `${kind}_reused` }
  await writeAudit(context, {
    customer,
    application,
    realm,
    action: 'grant',
    success: false,
    detail,
  })
}
