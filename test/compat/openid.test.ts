/** OpenID Connect and CIBA over real HTTP, by clients that nobody here wrote, against the server that `npm start` starts: the commands of docs/openid-connect.md. */
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { beforeAll, expect, inject, it } from 'vitest'
import { type SignInBrowser, signInBrowser } from '../support/sign-in-browser.ts'
import type { StockPhone } from '../support/stock-phone.ts'
import { type Desk, firstOf, openDesk } from './desk.ts'

const callback = 'https://payroll.example.org/callback'
const password = 'a long and quiet password'
let desk: Desk
let phone: StockPhone
let at: string
beforeAll(async () => {
  desk = await openDesk(inject('plain'), 'openid')
  await desk.person('anna', password)
  phone = await desk.phone('anna')
  at = inject('plain').publicUrl
})

async function register(id: string, registration: object) {
  await desk.must('POST', `/application/${id}`, { name: id })
  await desk.must('POST', `/application/${id}/openid`, {
    redirect_uris: callback,
    realm: desk.realm,
    ...registration,
  })
  const made = (await desk.must('POST', `/application/${id}/secret`, {})) as {
    client_id: string
    client_secret: string
  }
  return openid.discovery(new URL(at), made.client_id, made.client_secret, undefined, {
    execute: [openid.allowInsecureRequests],
  })
}

async function beginning(more: Record<string, string> = {}) {
  const verifier = openid.randomPKCECodeVerifier()
  const [state, nonce] = [openid.randomState(), openid.randomNonce()]
  const parameters = {
    redirect_uri: callback,
    scope: 'openid offline_access',
    state,
    nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...more,
  }
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce }
  return { parameters, checks }
}

async function approved(person: SignInBrowser): Promise<URL> {
  const { href } = person.page.url
  await phone.accept(await firstOf(phone))
  return (await person.go(href)).url
}

it('a whole login with code and PKCE, its refresh, and userinfo', async () => {
  const config = await register('compat-whole', { mode: 'whole_login' })
  const { parameters, checks } = await beginning()
  const person = signInBrowser(new URL(at).origin)
  await person.go(openid.buildAuthorizationUrl(config, parameters))
  await person.submit({ username: 'anna', password })
  const tokens = await openid.authorizationCodeGrant(config, await approved(person), checks)
  const { sub } = tokens.claims()!
  const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token!)
  expect(await openid.fetchUserInfo(config, renewed.access_token, sub)).toMatchObject({
    preferred_username: 'anna',
  })
})

it('a second factor by a pushed request', async () => {
  const config = await register('compat-factor', { mode: 'second_factor' })
  const { parameters, checks } = await beginning({ login_hint: 'anna' })
  const person = signInBrowser(new URL(at).origin)
  await person.go(await openid.buildAuthorizationUrlWithPAR(config, parameters))
  const tokens = await openid.authorizationCodeGrant(config, await approved(person), checks)
  expect(tokens.claims()).toMatchObject({ preferred_username: 'anna', amr: ['swk', 'user'] })
})

it('CIBA, polled by oauth4webapi', async () => {
  const config = await register('compat-ciba', { mode: 'second_factor', ciba: 'poll' })
  const server = config.serverMetadata() as oauth.AuthorizationServer
  const client = { client_id: config.clientMetadata().client_id }
  const secret = oauth.ClientSecretPost(config.clientMetadata()['client_secret'] as string)
  const options = { [oauth.allowInsecureRequests]: true }
  const asked = { scope: 'openid', login_hint: 'anna', binding_message: 'Order 4711' }
  const parameters = new URLSearchParams(asked)
  const begun = await oauth.processBackchannelAuthenticationResponse(
    server,
    client,
    await oauth.backchannelAuthenticationRequest(server, client, secret, parameters, options),
  )
  const challenge = await firstOf(phone)
  expect(JSON.stringify(challenge)).toContain('Order 4711')
  await phone.accept(challenge)
  const { auth_req_id: id } = begun
  const tokens = await oauth.processBackchannelAuthenticationGrantResponse(
    server,
    client,
    await oauth.backchannelAuthenticationGrantRequest(server, client, secret, id, options),
  )
  expect(oauth.getValidatedIdTokenClaims(tokens)?.['preferred_username']).toBe('anna')
})
