/** What an administrator says of an application that speaks OpenID Connect. Whatever is not said is the strictest. */
import { refuse } from '../../problem.ts'
import type { Registration } from '../../store/registrations.ts'
import { isNotifiable } from '../../push/hosts.ts'
import { isLoopbackHost } from '../../env.ts'
import { jsonOf, listOf } from './list.ts'
import { type Parameters, isTrue } from './parameters.ts'

export const modes = ['second_factor', 'whole_login'] as const
export const ownScopes = ['trigger', 'check', 'poll', 'enrol'] as const
const mostEntries = 20
/** What a person cannot be called by in a request. */
const otherParameters = (
  'iss sub aud exp nbf iat jti client_id redirect_uri state nonce response_type response_mode scope prompt max_age ' +
  'ui_locales id_token_hint code_challenge code_challenge_method authorization_details request request_uri'
).split(' ')
const longestUri = 1024

type Said = Omit<Registration, 'application' | 'customer' | 'createdAt'>

/** @throws Refusal missing_parameter · bad_parameter */
export function registrationOf(parameters: Parameters, allowedHosts: string[]): Said {
  const mode = oneOf(parameters, 'mode', modes)
  const ciba = parameters.get('ciba')
  if (ciba !== '' && ciba !== 'poll' && ciba !== 'ping')
    refuse({ reason: 'bad_parameter', field: 'ciba', mend: 'must be poll or ping, or left out' })
  const scopes = listOf('scopes', parameters.get('scopes'))
  if (!scopes.every((scope) => ownScopes.some((one) => one === scope)))
    refuse({
      reason: 'bad_parameter',
      field: 'scopes',
      mend: `must be some of ${ownScopes.join(', ')}`,
    })
  const alg = parameters.get('id_token_signed_response_alg') || 'RS256'
  if (alg !== 'RS256' && alg !== 'ES256')
    refuse({
      reason: 'bad_parameter',
      field: 'id_token_signed_response_alg',
      mend: 'must be RS256 or ES256',
    })
  return {
    mode,
    realm: parameters.get('realm').trim().toLowerCase(),
    redirectUris: addresses(parameters, 'redirect_uris'),
    logoutUris: addresses(parameters, 'post_logout_redirect_uris'),
    keys: keysOf(parameters.get('jwks')),
    scopes,
    idTokenAlg: alg,
    ciba,
    notificationEndpoint: endpointOf(parameters, ciba === 'ping', allowedHosts),
    userCode: isTrue(parameters, 'user_code_required'),
    showsCode: parameters.get('shows_code') === '' || isTrue(parameters, 'shows_code'),
    signsWithSecret: isTrue(parameters, 'signs_with_secret'),
    loginHintClaim: claimOf(parameters.get('login_hint_claim').trim() || 'login_hint'),
    comparesName: isTrue(parameters, 'compares_name'),
  }
}

function claimOf(name: string): string {
  if (/^[a-zA-Z][\w-]{0,63}$/.test(name) && !otherParameters.includes(name)) return name
  return refuse({
    reason: 'bad_parameter',
    field: 'login_hint_claim',
    mend: 'must be a name of letters, digits, - and _ that means nothing else in a request',
  })
}

/** Where it would make the server call, an administrator of one customer says: so the operator says which hosts. */
function endpointOf(parameters: Parameters, isNeeded: boolean, allowedHosts: string[]): string {
  const field = 'backchannel_client_notification_endpoint'
  const endpoint = parameters.get(field).trim()
  if (isNeeded ? !isNotifiable(endpoint, allowedHosts) : endpoint !== '')
    refuse({
      reason: 'bad_parameter',
      field,
      mend: isNeeded
        ? 'must be an https address at a host that the operator has added to PUSH_HOSTS'
        : 'is for ciba=ping alone',
    })
  return endpoint
}

function oneOf<const T extends readonly string[]>(
  parameters: Parameters,
  field: string,
  allowed: T,
): T[number] {
  const said = parameters.need(field)
  if (!allowed.includes(said))
    refuse({ reason: 'bad_parameter', field, mend: `must be ${allowed.join(' or ')}` })
  return said
}

/** https, a machine of one's own, or an app's own scheme in reverse domain notation (RFC 8252 §7). */
function addresses(parameters: Parameters, field: string): string[] {
  const found = listOf(field, parameters.get(field))
  const wrong = found.find((uri) => !isAddress(uri))
  if (wrong !== undefined || found.length > mostEntries)
    refuse({
      reason: 'bad_parameter',
      field,
      mend: `must be at most ${mostEntries} https addresses without a fragment (http on this machine alone), not '${(wrong ?? '').slice(0, 80)}'`,
    })
  return found
}

function isAddress(uri: string): boolean {
  if (uri.length > longestUri || !URL.canParse(uri) || /[#\s*]/.test(uri)) return false
  const { protocol, hostname, username } = new URL(uri)
  if (username !== '') return false
  if (protocol === 'https:') return true
  return protocol === 'http:'
    ? isLoopbackHost(hostname)
    : /^[a-z][a-z0-9+-]*\.[a-z0-9.+-]+:$/.test(protocol)
}

/** Public halves only: a private one was shown to too many already. */
function keysOf(text: string): Record<string, unknown>[] {
  if (text.trim() === '') return []
  const parsed = jsonOf('jwks', text) as { keys?: unknown } | null
  const keys = Array.isArray(parsed?.keys) ? (parsed.keys as unknown[]) : null
  const isPublic = (key: unknown): key is Record<string, unknown> =>
    typeof key === 'object' &&
    key !== null &&
    ['RSA', 'EC', 'OKP'].includes(String((key as { kty?: unknown }).kty)) &&
    !('d' in key)
  if (!keys || keys.length > mostEntries || !keys.every(isPublic))
    return refuse({
      reason: 'bad_parameter',
      field: 'jwks',
      mend: 'must be a JSON Web Key Set of public keys: {"keys": [...]}',
    })
  return keys
}
