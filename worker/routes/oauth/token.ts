/** /oauth/token: codes, refresh tokens and CIBA requests for tokens, and an application's own token for /validate. */
import { signSession } from '../../crypto/session.ts'
import { nowSeconds } from '../../env.ts'
import type { Authenticated } from '../../grant/authenticate.ts'
import { oauthRefusal } from '../../grant/refusal.ts'
import { redeemCode, redeemRefresh } from '../../grant/redeem.ts'
import { redeemBackchannel } from '../../sign-in/backchannel.ts'
import { type Given, applicationOf, givenIn } from '../decode/oauth.ts'
import { surface } from '../surface.ts'

export const token = surface()

export const ownTokenSeconds = 600

type Ask = (known: Authenticated, given: Given) => Promise<object>

const grants: Record<string, Ask> = {
  authorization_code: (known, given) =>
    redeemCode(known.context, known, {
      code: need(given, 'code'),
      redirectUri: need(given, 'redirect_uri'),
      verifier: need(given, 'code_verifier'),
    }),
  refresh_token: (known, given) =>
    redeemRefresh(known.context, known, {
      refreshToken: need(given, 'refresh_token'),
      scope: given['scope'] ?? '',
    }),
  client_credentials: ownToken,
  'urn:openid:params:grant-type:ciba': (known, given) =>
    redeemBackchannel(known, need(given, 'auth_req_id')),
}

export const grantTypes = Object.keys(grants)

token.post('/token', async (call) => {
  const given = await givenIn(call)
  const known = await applicationOf(call, given)
  const type = need(given, 'grant_type')
  const grant = Object.hasOwn(grants, type) ? grants[type] : null
  if (!grant)
    return oauthRefusal('unsupported_grant_type', `grant_type must be ${grantTypes.join(' or ')}`)
  return call.json(await grant(known, given), 200, {
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
  })
})

const need = (given: Given, name: string): string =>
  given[name] ?? oauthRefusal('invalid_request', `${name} is missing`)

/** For /validate, limited to what the application was registered for; over in ten minutes, and with the secret that it was given for. */
async function ownToken(
  { context, registration, clientId, by }: Authenticated,
  given: Given,
): Promise<object> {
  const may = registration.scopes
  const asked = given['scope']?.split(' ').filter(Boolean) ?? may
  if (may.length === 0)
    oauthRefusal('unauthorized_client', 'this application has no scopes for a token of its own')
  if (!asked.every((scope) => may.includes(scope)))
    oauthRefusal('invalid_scope', `scope must be some of ${may.join(' ')}`)
  const { customer, application } = registration
  const { database } = context
  const text = await signSession(
    context.deployment.master,
    {
      account: application,
      username: clientId,
      realm: '',
      role: 'application',
      mark: by,
      rights: asked,
      customer,
      ...(database > 0 && { database }),
    },
    nowSeconds(context),
    context.random,
    ownTokenSeconds,
  )
  return {
    access_token: text,
    token_type: 'Bearer',
    expires_in: ownTokenSeconds,
    scope: asked.join(' '),
  }
}
