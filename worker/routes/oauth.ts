/** /oauth and discovery: OpenID Connect and CIBA for the applications that are registered for them. */
import { readBearer } from '../grant/bearer.ts'
import { acrs, personClaims } from '../grant/claims.ts'
import { publishedKeys } from '../grant/keys.ts'
import { revokeToken } from '../grant/revoke.ts'
import { statementAlgorithms } from '../grant/statement.ts'
import { scopesSupported } from '../sign-in/request.ts'
import { applicationOf, givenIn } from './decode/oauth.ts'
import { authorize } from './oauth/authorize.ts'
import { ciba } from './oauth/ciba.ts'
import { logout } from './oauth/logout.ts'
import { push } from './oauth/push.ts'
import { grantTypes, token } from './oauth/token.ts'
import { type Call, surface } from './surface.ts'

export const oauth = surface()

for (const part of [authorize, push, token, ciba, logout]) oauth.route('/', part)

/** Keys are published a day before they sign. */
const keysKept = 'public, max-age=3600'
const anyOrigin = { 'Access-Control-Allow-Origin': '*' }

oauth.get('/jwks', async (call) =>
  call.json({ keys: await publishedKeys(call.get('context')) }, 200, {
    'Cache-Control': keysKept,
    ...anyOrigin,
  }),
)

const userinfo = async (call: Call): Promise<Response> => {
  const { context, grant, person } = await readBearer(
    call.get('context'),
    call.req.header('Authorization'),
  )
  const claims = await personClaims(context, grant, person)
  return call.json(claims, 200, { 'Cache-Control': 'no-store' })
}
oauth.get('/userinfo', userinfo)
oauth.post('/userinfo', userinfo)

oauth.post('/revoke', async (call) => {
  const given = await givenIn(call)
  await revokeToken(await applicationOf(call, given), given['token'] ?? '')
  return call.body(null, 200, { 'Cache-Control': 'no-store' })
})

const discovery = (call: Call): Response => {
  const { origin } = call.get('context').deployment
  const at = (name: string): string => `${origin}/oauth/${name}`
  const document = {
    issuer: origin,
    authorization_endpoint: at('authorize'),
    token_endpoint: at('token'),
    jwks_uri: at('jwks'),
    userinfo_endpoint: at('userinfo'),
    revocation_endpoint: at('revoke'),
    end_session_endpoint: at('logout'),
    pushed_authorization_request_endpoint: at('par'),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: grantTypes,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    token_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'client_secret_jwt',
    ],
    token_endpoint_auth_signing_alg_values_supported: statementAlgorithms,
    scopes_supported: scopesSupported,
    claims_supported: [
      ...['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'acr', 'amr', 'sid'],
      ...['preferred_username', 'name', 'given_name', 'family_name', 'email', 'email_verified'],
    ],
    claims_parameter_supported: false,
    acr_values_supported: acrs,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    request_parameter_supported: true,
    request_uri_parameter_supported: false,
    request_object_signing_alg_values_supported: statementAlgorithms,
    backchannel_authentication_endpoint: at('ciba'),
    backchannel_token_delivery_modes_supported: ['poll', 'ping'],
    backchannel_user_code_parameter_supported: true,
    backchannel_authentication_request_signing_alg_values_supported: statementAlgorithms,
    ui_locales_supported: ['en', 'de'],
  }
  return call.json(document, 200, { 'Cache-Control': keysKept, ...anyOrigin })
}

export const wellKnown = surface()
wellKnown.get('/openid-configuration', discovery)
// RFC 8414: the same under OAuth's own name.
wellKnown.get('/oauth-authorization-server', discovery)
