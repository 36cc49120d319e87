/** OpenID Connect, by clients that nobody here wrote: a whole login, and what of it is good once. What must not work ends by working. */
import { decodeProtectedHeader, importJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { beforeAll, describe, expect, it } from 'vitest'
import type { VirtualDevice } from '../support/virtual-device.ts'
import worker from '../../worker/index.ts'
import { type Deployment, clock, deployment, origin } from './deployment.ts'
import {
  type RelyingParty,
  approve,
  beginning,
  browser,
  callback,
  newRelyingParty,
  password,
  refusal,
} from './openid-parties.ts'

let d: Deployment
let party: RelyingParty
let device: VirtualDevice
beforeAll(async () => {
  d = await deployment()
  await d.set({ promptsPerHourByApplication: 1000, missedPrompts: 100 })
  await d.person('anna', { password, givenname: 'Anna', surname: 'Egger', email: 'a@example.org' })
  device = await d.device('anna')
  party = await newRelyingParty(d, { mode: 'whole_login', post_logout_redirect_uris: [callback] })
})

/** As far as the browser is back at the application. */
async function signIn(more: Record<string, string> = {}, by = party, person = browser(d)) {
  const { parameters, checks } = await beginning(more)
  await person.go(openid.buildAuthorizationUrl(by.config, parameters))
  await person.submit({ username: 'anna', password })
  await approve(person, device)
  const { url } = await person.go(person.page.url)
  return { url, checks, person }
}
const tokensOf = async (more: Record<string, string> = {}, by = party) => {
  const { url, checks, person } = await signIn(more, by)
  return { tokens: await openid.authorizationCodeGrant(by.config, url, checks), person }
}
const isGood = (token: string, sub: string) =>
  refusal(openid.fetchUserInfo(party.config, token, sub))

describe('a whole login', () => {
  it('ends with tokens that say who it was and by what', async () => {
    const { url, checks } = await signIn()
    expect(url.origin + url.pathname).toBe(callback)
    const tokens = await openid.authorizationCodeGrant(party.config, url, checks)
    const claims = tokens.claims()!
    expect(claims).toMatchObject({
      iss: origin,
      aud: party.clientId,
      preferred_username: 'anna',
      name: 'Anna Egger',
      email: 'a@example.org',
      acr: 'urn:countersign:two-factors',
      amr: ['pwd', 'swk', 'user', 'mfa'],
    })
    const user = await openid.fetchUserInfo(party.config, tokens.access_token, claims.sub)
    expect(user).toMatchObject({ preferred_username: 'anna', given_name: 'Anna' })
  })

  it('goes the same way with oauth4webapi, the secret in the body and ES256', async () => {
    const other = await newRelyingParty(d, {
      mode: 'whole_login',
      id_token_signed_response_alg: 'ES256',
    })
    const options = {
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: (address: string, init: object) => d.fetch(address, init),
    }
    const found = await oauth.discoveryRequest(new URL(origin), options)
    const server = await oauth.processDiscoveryResponse(new URL(origin), found)
    const client = { client_id: other.clientId, id_token_signed_response_alg: 'ES256' }
    const { url, checks } = await signIn({}, other)
    const back = oauth.validateAuthResponse(server, client, url, checks.expectedState)
    const secret = oauth.ClientSecretPost(other.secret)
    const verifier = checks.pkceCodeVerifier
    const answer = await oauth.authorizationCodeGrantRequest(
      ...([server, client, secret, back, callback, verifier, options] as const),
    )
    const nonce = { expectedNonce: checks.expectedNonce }
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, nonce)
    await oauth.validateApplicationLevelSignature(server, answer, options)
    expect(oauth.getValidatedIdTokenClaims(tokens)?.['preferred_username']).toBe('anna')
  })

  it('lets nobody on with a wrong password, and tells a name that nobody has from none', async () => {
    const { parameters } = await beginning()
    const person = browser(d)
    await person.go(openid.buildAuthorizationUrl(party.config, parameters))
    const alert = () => /role="alert">([^<]*)/.exec(person.page.text)?.[1]
    await person.submit({ username: 'anna', password: 'not this one' })
    const wrong = alert()
    expect(wrong).toContain('not right')
    await person.submit({ username: 'nobody', password })
    expect(alert()).toBe(wrong)
    await person.submit({ username: 'anna', password })
    expect(person.page.url.pathname).toMatch(/^\/sign-in\//)
    await approve(person, device)
    expect((await person.go(person.page.url)).url.searchParams.get('code')).not.toBeNull()
  })

  it('is in nobody’s hands but the browser’s that began it', async () => {
    const { parameters } = await beginning()
    const person = browser(d)
    await person.go(openid.buildAuthorizationUrl(party.config, parameters))
    const thief = browser(d)
    await thief.go(openid.buildAuthorizationUrl(party.config, parameters))
    const cookies = new Map(person.cookies)
    for (const [name, value] of thief.cookies) person.cookies.set(name, value)
    expect((await person.submit({ username: 'anna', password })).status).toBe(410)
    for (const [name, value] of cookies) person.cookies.set(name, value)
    await person.go(openid.buildAuthorizationUrl(party.config, parameters))
    const elsewhere = { headers: { Origin: 'https://elsewhere.example.org' } }
    expect((await person.submit({ username: 'anna', password }, elsewhere)).status).toBe(403)
    await person.go(openid.buildAuthorizationUrl(party.config, parameters))
    await person.submit({ username: 'anna', password })
    const { url } = person.page
    expect((await thief.go(url)).status).toBe(410)
    expect((await thief.go(`${url.href}/events`)).status).toBe(410)
    await approve(person, device)
    expect((await thief.go(url)).status).toBe(410)
    expect((await person.go(url)).url.href).toContain(callback)
  })

  it('says what came of it where nobody approves, and leads back', async () => {
    const { parameters } = await beginning()
    const person = browser(d, 'de-AT,de;q=0.9')
    await person.go(openid.buildAuthorizationUrl(party.config, parameters))
    expect(person.page.text).toContain('<html lang="de">')
    await person.submit({ username: 'anna', password })
    const { url } = person.page
    await person.submit({ step: 'again' })
    expect(person.page.text).toContain('eben erst gesendet')
    await device.decline((await device.list()).at(0)!)
    await person.go(url)
    expect(person.page.text).toContain('Abgelehnt')
    const back = await person.submit({ step: 'leave' })
    expect(Object.fromEntries(back.url.searchParams)).toEqual({
      error: 'access_denied',
      iss: origin,
      state: parameters.state,
    })
    expect((await person.go(url)).status).toBe(410)
  })

  it('takes a recovery code instead, once', async () => {
    const { envelope } = await d.payroll.initToken({ type: 'recovery', user: 'anna' })
    const codes = Object.values((envelope.detail?.['codes'] ?? envelope.detail?.['otps']) as object)
    const [code] = codes as [string]
    const asked = async () => {
      const { parameters, checks } = await beginning()
      const person = browser(d)
      await person.go(openid.buildAuthorizationUrl(party.config, parameters))
      await person.submit({ username: 'anna', password })
      await person.go(`${person.page.url.pathname}?by=code`)
      return { person, checks }
    }
    const { person, checks } = await asked()
    await person.submit({ step: 'code', code: 'AAAAAAAAAA' })
    expect(person.page.text).toContain('not right')
    const { url } = await person.submit({ step: 'code', code })
    const tokens = await openid.authorizationCodeGrant(party.config, url, checks)
    expect(tokens.claims()?.amr).toEqual(['pwd', 'otp', 'mfa'])
    const second = await asked()
    await second.person.submit({ step: 'code', code })
    expect(second.person.page.text).toContain('not right')
  })
})

describe('what a browser brings', () => {
  const at = async (more: Record<string, string>) => {
    const { parameters } = await beginning(more)
    return browser(d).go(openid.buildAuthorizationUrl(party.config, parameters))
  }
  it.each([
    ['another path', `${callback}/more`],
    ['another host', 'https://payroll.example.org.evil.example/callback'],
    ['another query', `${callback}?a=b`],
    ['http', callback.replace('https', 'http')],
  ])('leads to no address that is not registered, letter by letter: %s', async (_what, uri) => {
    const seen = await at({ redirect_uri: uri })
    expect([seen.status, seen.url.origin]).toEqual([400, origin])
    expect((await at({})).status).toBe(200)
  })

  it.each([
    ['without PKCE', { code_challenge: '' }, 'invalid_request'],
    [
      'with a verifier that everybody can read',
      { code_challenge_method: 'plain' },
      'invalid_request',
    ],
    ['for a token in the address', { response_type: 'token' }, 'unsupported_response_type'],
    ['without openid', { scope: 'profile' }, 'invalid_scope'],
    ['silently, where nobody is signed in', { prompt: 'none' }, 'login_required'],
    ['with a hint that we never gave', { id_token_hint: 'a.b.c' }, 'login_required'],
    ['with a request that was never sent', { request: 'a.b.c' }, 'invalid_request_object'],
  ])('is told to the application: %s', async (_what, more, error) => {
    const seen = await at(more)
    if (error === 'invalid_request_object') return expect(seen.status).toBe(400)
    expect(seen.url.searchParams.get('error')).toBe(error)
    expect(seen.url.searchParams.get('iss')).toBe(origin)
  })

  it('is a page that nobody can frame, and that runs nothing but ours', async () => {
    const { headers } = await at({})
    const policy = headers.get('Content-Security-Policy')
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).toContain("form-action 'self' https://payroll.example.org")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe/)
    const text = (await at({ login_hint: '"><script>alert(1)</script>' })).text
    expect(text).not.toContain('<script>')
  })
})

describe('a code', () => {
  it('is worth nothing with another verifier, another application or another secret', async () => {
    const other = await newRelyingParty(d, { mode: 'whole_login' })
    const first = await signIn()
    expect(
      await refusal(openid.authorizationCodeGrant(other.config, first.url, first.checks)),
    ).toBe('invalid_grant')
    const verifier = openid.randomPKCECodeVerifier()
    const stolen = { ...first.checks, pkceCodeVerifier: verifier }
    expect(await refusal(openid.authorizationCodeGrant(party.config, first.url, stolen))).toBe(
      'invalid_grant',
    )
    const second = await signIn()
    const tokens = await openid.authorizationCodeGrant(party.config, second.url, second.checks)
    expect(tokens.claims()?.preferred_username).toBe('anna')
  })

  it('is good once: shown again it takes back what it gave', async () => {
    const { url, checks } = await signIn()
    const tokens = await openid.authorizationCodeGrant(party.config, url, checks)
    const { sub } = tokens.claims()!
    expect(await isGood(tokens.access_token, sub)).toBe('nothing')
    expect(await refusal(openid.authorizationCodeGrant(party.config, url, checks))).toBe(
      'invalid_grant',
    )
    expect(await isGood(tokens.access_token, sub)).not.toBe('nothing')
  })

  it('of two who show it at once gives to one at most', async () => {
    const { url, checks } = await signIn()
    const both = await Promise.all(
      [1, 2].map(() => refusal(openid.authorizationCodeGrant(party.config, url, checks))),
    )
    expect(both.filter((one) => one === 'nothing').length).toBeLessThanOrEqual(1)
  })
})

describe('a refresh token', () => {
  it('is replaced each time, and whoever shows an old one ends them all', async () => {
    const { tokens } = await tokensOf({ scope: 'openid offline_access' })
    const first = tokens.refresh_token!
    const renewed = await openid.refreshTokenGrant(party.config, first)
    expect(renewed.refresh_token).not.toBe(first)
    expect(renewed.claims()?.sub).toBe(tokens.claims()?.sub)
    const more = { scope: 'openid offline_access email' }
    expect(
      await refusal(openid.refreshTokenGrant(party.config, renewed.refresh_token!, more)),
    ).toBe('invalid_scope')
    expect(await refusal(openid.refreshTokenGrant(party.config, first))).toBe('invalid_grant')
    expect(await refusal(openid.refreshTokenGrant(party.config, renewed.refresh_token!))).toBe(
      'invalid_grant',
    )
  })

  it('comes only where it was asked for, and goes when it is given back', async () => {
    expect((await tokensOf()).tokens.refresh_token).toBeUndefined()
    const { tokens } = await tokensOf({ scope: 'openid offline_access' })
    await openid.tokenRevocation(party.config, tokens.refresh_token!)
    expect(await refusal(openid.refreshTokenGrant(party.config, tokens.refresh_token!))).toBe(
      'invalid_grant',
    )
  })

  it('is worth nothing when its person is gone', async () => {
    await d.person('gone', { password })
    const phone = await d.device('gone')
    const { parameters, checks } = await beginning({ scope: 'openid offline_access' })
    const person = browser(d)
    await person.go(openid.buildAuthorizationUrl(party.config, parameters))
    await person.submit({ username: 'gone', password })
    await approve(person, phone)
    const { url } = await person.go(person.page.url)
    const tokens = await openid.authorizationCodeGrant(party.config, url, checks)
    expect((await d.payroll.call('DELETE', '/user/local/gone')).status).toBe(200)
    expect(await refusal(openid.refreshTokenGrant(party.config, tokens.refresh_token!))).toBe(
      'invalid_grant',
    )
  })
})

describe('a device that is lost', () => {
  it('takes with it what it let in: tokens and the browser, which are good again when it is found', async () => {
    await d.person('loser', { password })
    const phone = await d.device('loser')
    const loser = browser(d)
    const { parameters, checks } = await beginning({ scope: 'openid offline_access' })
    await loser.go(openid.buildAuthorizationUrl(party.config, parameters))
    await loser.submit({ username: 'loser', password })
    await approve(loser, phone)
    const { url } = await loser.go(loser.page.url)
    const tokens = await openid.authorizationCodeGrant(party.config, url, checks)
    const { sub } = tokens.claims()!
    const silently = async () => {
      const again = (await beginning({ prompt: 'none' })).parameters
      const { searchParams } = (await loser.go(openid.buildAuthorizationUrl(party.config, again)))
        .url
      return searchParams.get('error') ?? 'nothing'
    }
    const set = async (action: string) => {
      const body = { serial: phone.serial }
      const { envelope } = await party.administrator.call('POST', `/token/${action}`, body)
      expect(envelope.result.value).toBe(1)
    }
    expect([await silently(), await isGood(tokens.access_token, sub)]).toEqual([
      'nothing',
      'nothing',
    ])
    await set('disable')
    expect(await silently()).toBe('login_required')
    expect(await isGood(tokens.access_token, sub)).toContain('invalid_token')
    await set('enable')
    expect([await silently(), await isGood(tokens.access_token, sub)]).toEqual([
      'nothing',
      'nothing',
    ])
    await set('revoke')
    expect(await silently()).toBe('login_required')
    const refresh = tokens.refresh_token!
    expect(await refusal(openid.refreshTokenGrant(party.config, refresh))).toBe('invalid_grant')
    expect((await signIn()).url.searchParams.get('code')).not.toBeNull()
  })
})

describe('a browser in which somebody has signed in', () => {
  it('brings them to another application at once, unless that wants more or they sign out', async () => {
    const { tokens, person } = await tokensOf()
    const other = await newRelyingParty(d, { mode: 'whole_login' })
    const again = async (more: Record<string, string>) => {
      const { parameters } = await beginning(more)
      return person.go(openid.buildAuthorizationUrl(other.config, parameters))
    }
    expect((await again({ prompt: 'none' })).url.searchParams.get('code')).not.toBeNull()
    expect((await again({ prompt: 'login' })).text).toContain('name="password"')
    const time = clock()
    time.forward(100)
    expect((await again({ max_age: '10' })).text).toContain('name="password"')
    expect((await again({ max_age: '1000' })).url.searchParams.get('code')).not.toBeNull()
    time.stop()
    const end = openid.buildEndSessionUrl(party.config, {
      id_token_hint: tokens.id_token!,
      post_logout_redirect_uri: callback,
    })
    const foreign = new URL(end)
    foreign.searchParams.set('post_logout_redirect_uri', 'https://evil.example')
    expect((await browser(d).go(foreign)).status).toBe(400)
    expect((await person.go(end)).url.href).toBe(callback)
    const none = await again({ prompt: 'none' })
    expect(none.url.searchParams.get('error')).toBe('login_required')
  })

  it('goes on without a question only for the person whom an id_token_hint names', async () => {
    await d.person('berta', { password })
    const phone = await d.device('berta')
    const berta = browser(d)
    const first = await beginning()
    await berta.go(openid.buildAuthorizationUrl(party.config, first.parameters))
    await berta.submit({ username: 'berta', password })
    await approve(berta, phone)
    const back = (await berta.go(berta.page.url)).url
    const hers = await openid.authorizationCodeGrant(party.config, back, first.checks)
    const { tokens: annas } = await tokensOf()
    const silently = async (hint: string, by = party) => {
      const { parameters } = await beginning({ prompt: 'none', id_token_hint: hint })
      const { searchParams } = (await berta.go(openid.buildAuthorizationUrl(by.config, parameters)))
        .url
      return searchParams.get('error') ?? (searchParams.has('code') ? 'code' : 'nothing')
    }
    expect(await silently(annas.id_token!)).toBe('login_required')
    // Another application's word about her is no word for this one.
    const other = await newRelyingParty(d, { mode: 'whole_login' })
    expect(await silently(hers.id_token!, other)).toBe('login_required')
    expect(await silently(hers.id_token!)).toBe('code')
  })

  it('is asked before anybody signs it out without an id_token', async () => {
    const { person } = await tokensOf()
    await person.go('/oauth/logout')
    expect(person.page.text).toContain('Sign out?')
    const { parameters } = await beginning({ prompt: 'none' })
    const silent = openid.buildAuthorizationUrl(party.config, parameters)
    expect((await person.go(silent)).url.searchParams.get('code')).not.toBeNull()
    await person.go('/oauth/logout')
    await person.submit({ confirmed: 'yes' })
    expect(person.page.text).toContain('signed out')
    expect((await person.go(silent)).url.searchParams.get('error')).toBe('login_required')
  })
})

describe('the keys', () => {
  it('verify what was signed, hold nothing private, and are published before they sign', async () => {
    const keys = async () => {
      const { keys } = (await (await d.fetch('/oauth/jwks')).json()) as { keys: oauth.JWK[] }
      return keys
    }
    const before = await keys()
    expect(before.map(({ alg }) => String(alg)).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'ES256',
      'RS256',
    ])
    for (const key of before) {
      expect(Object.keys(key)).not.toContain('d')
      await importJWK(key, key.alg as string)
    }
    const minutesWork = () =>
      worker.scheduled({ scheduledTime: Date.now() } as ScheduledController, d.env)
    const signer = async () => {
      const { tokens } = await tokensOf()
      return decodeProtectedHeader(tokens.id_token!).kid
    }
    const old = await signer()
    const time = clock()
    time.forward(91 * 86_400)
    await minutesWork()
    expect((await keys()).length).toBe(4)
    expect(await signer()).toBe(old)
    time.forward(86_400)
    const next = await signer()
    expect(next).not.toBe(old)
    time.forward(31 * 86_400)
    await minutesWork()
    const left = await keys()
    expect(left.length).toBe(2)
    expect(left.map(({ kid }) => kid)).toContain(next)
    time.stop()
  })
})
