/**
 * What an application asks for when it sends a browser here, judged. Whether the application itself sent it (a pushed request, or one
 * that it signed) is known by the caller: only then may it name the person of a second factor.
 */
import type { Known } from '../grant/known.ts'
import { oauthRefusal } from '../grant/refusal.ts'
import type { Registration } from '../store/registrations.ts'
import { type Detail, detailsOf } from './details.ts'

export type SignInRequest = {
  clientId: string
  redirectUri: string
  scope: string
  codeChallenge: string
  state?: string
  nonce?: string
  loginHint?: string
  idTokenHint?: string
  prompt: string[]
  maxAge?: number
  locales?: string
  details?: Detail[]
  /** The application itself sent it. */
  isItsOwn: boolean
}

export const scopesSupported = ['openid', 'profile', 'email', 'offline_access']
/** Enough for every state, nonce and hint; it travels in addresses. */
const longestText = 2048

export type Given = Record<string, string>

/** RFC 9700 §2.1: character by character. @returns where errors may be sent, or null. */
export const redirectOf = ({ redirectUris }: Registration, given: Given): string | null =>
  redirectUris.find((uri) => uri === given['redirect_uri']) ?? null

/** @throws Refusal oauth: whatever it says goes back to the application by its redirect_uri. */
export function requestOf(
  { registration, clientId }: Known,
  given: Given,
  isItsOwn: boolean,
): SignInRequest {
  const redirectUri = redirectOf(registration, given)
  if (redirectUri === null)
    return oauthRefusal('invalid_request', 'redirect_uri is not one of this application')
  for (const [name, value] of Object.entries(given))
    if (value.length > longestText && name !== 'id_token_hint')
      oauthRefusal('invalid_request', `${name} is longer than ${longestText} characters`)
  if (given['response_type'] !== 'code')
    oauthRefusal('unsupported_response_type', 'response_type must be code')
  if ((given['response_mode'] ?? 'query') !== 'query')
    oauthRefusal('invalid_request', 'response_mode must be query')
  // RFC 9700 §2.1.1; `plain` would be readable by whoever sees the address.
  if (
    given['code_challenge_method'] !== 'S256' ||
    !/^[\w-]{43}$/.test(given['code_challenge'] ?? '')
  )
    oauthRefusal('invalid_request', 'PKCE is required: code_challenge with the method S256')
  const scopes = scopesOf(given['scope'])
  const prompt = words(given['prompt'])
  if (prompt.includes('none') && prompt.length > 1)
    oauthRefusal('invalid_request', 'prompt none goes with no other')
  const maxAge = given['max_age'] === undefined ? undefined : Number(given['max_age'])
  if (maxAge !== undefined && !(Number.isInteger(maxAge) && maxAge >= 0))
    oauthRefusal('invalid_request', 'max_age must be a whole number of seconds')
  const text = (name: string) => (given[name] ? given[name] : undefined)
  const [state, nonce, loginHint] = [text('state'), text('nonce'), text('login_hint')]
  const [idTokenHint, locales] = [text('id_token_hint'), text('ui_locales')]
  const details = detailsOf(given['authorization_details'])
  return {
    clientId,
    redirectUri,
    scope: scopes.join(' '),
    codeChallenge: given['code_challenge'] ?? '',
    prompt,
    isItsOwn,
    ...(state !== undefined && { state }),
    ...(nonce !== undefined && { nonce }),
    ...(loginHint !== undefined && { loginHint }),
    ...(idTokenHint !== undefined && { idTokenHint }),
    ...(locales !== undefined && { locales }),
    ...(maxAge !== undefined && { maxAge }),
    ...(details && { details }),
  }
}

const words = (text: string | undefined): string[] => (text ?? '').split(' ').filter(Boolean)

/** What is not known is left out, as OpenID Connect Core §3.1.2.1 has it. @throws Refusal invalid_scope */
export function scopesOf(text: string | undefined): string[] {
  const asked = words(text)
  if (!asked.includes('openid')) oauthRefusal('invalid_scope', 'scope must contain openid')
  return scopesSupported.filter((scope) => asked.includes(scope))
}

/** Back to the application. RFC 9207: with our name, so that an answer of another server is not taken for ours. */
export function answerTo(
  { redirectUri, state }: Pick<SignInRequest, 'redirectUri' | 'state'>,
  issuer: string,
  said: Record<string, string>,
): string {
  const address = new URL(redirectUri)
  for (const [name, value] of Object.entries({ ...said, iss: issuer }))
    address.searchParams.set(name, value)
  if (state !== undefined) address.searchParams.set('state', state)
  return address.href
}
