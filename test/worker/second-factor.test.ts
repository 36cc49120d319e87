/** An application with a first factor of its own: who is asked is what it says itself, by a channel of its own, and nothing that a browser brings. */
import { exportJWK, generateKeyPair } from 'jose'
import * as openid from 'openid-client'
import { beforeAll, describe, expect, it } from 'vitest'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { clock, type Deployment, origin } from './deployment.ts'
import {
  type RelyingParty,
  approve,
  beginning,
  browser,
  callback,
  newRelyingParty,
  refusal,
  withTwoPeople,
} from './openid-parties.ts'

let d: Deployment
let gateway: RelyingParty
let keys: CryptoKeyPair
let anna: VirtualDevice
let mallory: VirtualDevice
beforeAll(async () => {
  ;({ d, anna, mallory } = await withTwoPeople())
  keys = (await generateKeyPair('ES256')) as unknown as CryptoKeyPair
  const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'one' }] }
  gateway = await newRelyingParty(d, { mode: 'second_factor', jwks: JSON.stringify(jwks) })
})

const errorOf = ({ url }: { url: URL }) => url.searchParams.get('error')
const pushed = async (more: Record<string, string>) => {
  const { parameters, checks } = await beginning(more)
  return { address: await openid.buildAuthorizationUrlWithPAR(gateway.config, parameters), checks }
}

describe('a second factor', () => {
  it('is asked for the person of a pushed request, who needs no password here', async () => {
    const { address, checks } = await pushed({ login_hint: 'anna' })
    const person = browser(d)
    await person.go(address)
    await approve(person, anna)
    const { url } = await person.go(person.page.url)
    const tokens = await openid.authorizationCodeGrant(gateway.config, url, checks)
    expect(tokens.claims()).toMatchObject({
      preferred_username: 'anna',
      acr: 'urn:countersign:second-factor',
      amr: ['swk', 'user'],
    })
    expect(tokens.claims()?.['sid']).toBeUndefined()
  })

  it('is asked for the person of a signed request, once', async () => {
    const { parameters, checks } = await beginning({ login_hint: 'anna' })
    const signer = { key: keys.privateKey, kid: 'one' }
    const address = await openid.buildAuthorizationUrlWithJAR(gateway.config, parameters, signer)
    const person = browser(d)
    await person.go(address)
    expect((await browser(d).go(address)).status).toBe(400)
    await approve(person, anna)
    const { url } = await person.go(person.page.url)
    const tokens = await openid.authorizationCodeGrant(gateway.config, url, checks)
    expect(tokens.claims()?.preferred_username).toBe('anna')
  })

  it('rings nobody for a name in a browser’s address', async () => {
    const { parameters } = await beginning({ login_hint: 'anna' })
    const bare = openid.buildAuthorizationUrl(gateway.config, parameters)
    const before = (await anna.list()).length
    expect(errorOf(await browser(d).go(bare))).toBe('invalid_request')
    expect((await anna.list()).length).toBe(before)
    const { address } = await pushed({ login_hint: 'anna' })
    // Beside a pushed request the address says nothing.
    address.searchParams.set('login_hint', 'mallory')
    const others = (await mallory.list()).length
    expect((await browser(d).go(address)).status).toBe(200)
    expect([(await anna.list()).length, (await mallory.list()).length]).toEqual([
      before + 1,
      others,
    ])
  })

  it('of somebody else, slipped into the same login, is found out by the name it says', async () => {
    // Mallory knows Anna's password and passes the gateway's first factor as her; then he approves a login of his own.
    const first = 'anna'
    const asked = await pushed({ login_hint: first })
    const own = await pushed({ login_hint: 'mallory' })
    const thief = browser(d)
    await thief.go(own.address)
    await approve(thief, mallory)
    const swapped = (await thief.go(thief.page.url)).url
    swapped.searchParams.set('state', asked.checks.expectedState)
    expect(
      await refusal(openid.authorizationCodeGrant(gateway.config, swapped, asked.checks)),
    ).not.toBe('nothing')
    // Even an application that checks neither state, nonce nor verifier has the name to compare.
    const again = await pushed({ login_hint: 'mallory' })
    await thief.go(again.address)
    await approve(thief, mallory)
    const { url } = await thief.go(thief.page.url)
    const tokens = await openid.authorizationCodeGrant(gateway.config, url, again.checks)
    const isSame = tokens.claims()?.preferred_username === first
    expect(isSame).toBe(false)
    const right = browser(d)
    await right.go(asked.address)
    await approve(right, anna)
    const good = (await right.go(right.page.url)).url
    const hers = await openid.authorizationCodeGrant(gateway.config, good, asked.checks)
    expect(hers.claims()?.preferred_username).toBe(first)
  })

  it('is asked at every login, however lately the last was', async () => {
    const { address } = await pushed({ login_hint: 'anna', prompt: 'none' })
    expect(errorOf(await browser(d).go(address))).toBe('login_required')
  })
})

describe('a pushed request', () => {
  it('is taken by one browser, within its time, from the application that sent it', async () => {
    const time = clock()
    const { address } = await pushed({ login_hint: 'anna' })
    expect((await browser(d).go(address)).status).toBe(200)
    expect((await browser(d).go(address)).status).toBe(400)
    const late = await pushed({ login_hint: 'anna' })
    time.forward(91)
    expect((await browser(d).go(late.address)).status).toBe(400)
    const stolen = await pushed({ login_hint: 'anna' })
    const other = await newRelyingParty(d, { mode: 'second_factor' })
    stolen.address.searchParams.set('client_id', other.clientId)
    expect((await browser(d).go(stolen.address)).status).toBe(400)
    time.stop()
  })

  it.each([
    ['without a secret', { client_secret: '' }, 'invalid_client'],
    ['with a wrong one', { client_secret: 'x' }, 'invalid_client'],
    ['for nobody', { login_hint: 'nobody' }, 'invalid_request'],
    ['with another request inside', { request_uri: 'urn:x' }, 'invalid_request'],
    ['that leads elsewhere', { redirect_uri: 'https://evil.example/' }, 'invalid_request'],
  ])('is refused %s', async (_what, more, error) => {
    const { parameters } = await beginning({ login_hint: 'anna' })
    const form = {
      client_id: gateway.clientId,
      client_secret: gateway.secret,
      response_type: 'code',
    }
    const send = async (wrong: object) => {
      const body = new URLSearchParams({ ...form, ...parameters, ...wrong })
      const response = await d.fetch('/oauth/par', { method: 'POST', body })
      return (await response.json()) as { error?: string; request_uri?: string }
    }
    expect((await send(more)).error).toBe(error)
    expect((await send({})).request_uri).toMatch(/^urn:ietf:params:oauth:request_uri:/)
  })
})

describe('an application that shows no secret but signs its name', () => {
  it('is known by its key, each statement once, and by no other', async () => {
    const kept: string[] = []
    const signed = (key: CryptoKey, spoil: (payload: Record<string, unknown>) => void = () => {}) =>
      openid.PrivateKeyJwt(
        { key, kid: 'one' },
        {
          [openid.modifyAssertion]: (_header, payload) => spoil(payload as Record<string, unknown>),
        },
      )
    const asked = (auth: openid.ClientAuth) => {
      const config = new openid.Configuration(
        gateway.config.serverMetadata(),
        gateway.clientId,
        {},
        auth,
      )
      openid.allowInsecureRequests(config)
      config[openid.customFetch] = (address, init) => {
        kept.push(String(init.body))
        return d.fetch(address, init as RequestInit)
      }
      return beginning({ login_hint: 'anna' }).then(({ parameters }) =>
        openid.buildAuthorizationUrlWithPAR(config, parameters),
      )
    }
    const other = (await generateKeyPair('ES256')) as unknown as CryptoKeyPair
    expect(await refusal(asked(signed(other.privateKey)))).toBe('invalid_client')
    const elsewhere = (payload: Record<string, unknown>) =>
      (payload['aud'] = 'https://other.example')
    expect(await refusal(asked(signed(keys.privateKey, elsewhere)))).toBe('invalid_client')
    const old = (payload: Record<string, unknown>) => (payload['exp'] = 1)
    expect(await refusal(asked(signed(keys.privateKey, old)))).toBe('invalid_client')
    expect(await refusal(asked(signed(keys.privateKey)))).toBe('nothing')
    const body = kept.at(-1)!
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const replayed = await d.fetch('/oauth/par', { method: 'POST', body, headers })
    expect(((await replayed.json()) as { error: string }).error).toBe('invalid_client')
    expect(await refusal(asked(signed(keys.privateKey)))).toBe('nothing')
  })
})

describe('an application’s own token', () => {
  it('opens what it was registered for, for ten minutes, and as long as its secret is good', async () => {
    const own = await newRelyingParty(d, { mode: 'second_factor', scopes: 'trigger,check' })
    const grant = (scope?: string) =>
      openid.clientCredentialsGrant(own.config, scope === undefined ? {} : { scope })
    const { access_token: token, expires_in: seconds, scope } = await grant()
    expect([seconds, scope]).toEqual([600, 'trigger check'])
    const call = (path: string, text = token, init: RequestInit = {}) =>
      d.fetch(path, { ...init, headers: { Authorization: `Bearer ${text}`, ...init.headers } })
    expect((await call('/validate/capabilities')).status).toBe(200)
    expect((await d.fetch('/validate/capabilities')).status).toBe(401)
    const form = { method: 'POST', body: new URLSearchParams({ user: 'anna' }) }
    const asked = await call('/validate/triggerchallenge', token, form)
    expect(asked.status).toBe(200)
    for (const path of ['/token/', '/user/', '/application/', '/audit/', '/policy/'])
      expect([path, (await call(path)).status]).toEqual([path, 403])
    expect(await refusal(grant('enrol'))).toBe('invalid_scope')
    const { access_token: less } = await grant('check')
    expect((await call('/validate/triggerchallenge', less, form)).status).toBe(403)
    const time = clock()
    time.forward(601)
    expect((await call('/validate/capabilities')).status).toBe(401)
    time.stop()
    expect((await call('/validate/capabilities')).status).toBe(200)
    await own.administrator.call('DELETE', `/application/${own.id}/secret/${own.secretId}`)
    expect((await call('/validate/capabilities')).status).toBe(401)
    expect(await refusal(grant())).toBe('invalid_client')
  })

  it('is nothing for an application that was registered for none', async () => {
    expect(await refusal(openid.clientCredentialsGrant(gateway.config))).toBe('unauthorized_client')
  })
})

describe('a secret', () => {
  it('is told once, one of two at most, and its successor works before it goes', async () => {
    const { administrator, id, secretId, config } = await newRelyingParty(d, {
      mode: 'second_factor',
      scopes: 'check',
    })
    const add = () => administrator.call('POST', `/application/${id}/secret`)
    const second = (await add()).envelope.result.value as { client_secret: string }
    expect((await add()).status).toBe(400)
    const { envelope } = await administrator.call('GET', '/application/')
    expect(JSON.stringify(envelope)).toContain(secretId)
    const everything = JSON.stringify([
      envelope,
      await d.db.all('select * from application_secrets'),
    ])
    expect(everything).not.toContain(second.client_secret)
    const next = new openid.Configuration(config.serverMetadata(), id, second.client_secret)
    openid.allowInsecureRequests(next)
    next[openid.customFetch] = (address, init) => d.fetch(address, init as RequestInit)
    for (const one of [config, next])
      expect(await refusal(openid.clientCredentialsGrant(one))).toBe('nothing')
    await administrator.call('DELETE', `/application/${id}/secret/${secretId}`)
    expect(await refusal(openid.clientCredentialsGrant(config))).toBe('invalid_client')
    expect(await refusal(openid.clientCredentialsGrant(next))).toBe('nothing')
    expect((await add()).status).toBe(200)
  })
})

describe('a registration', () => {
  it.each([
    ['no such mode', { mode: 'both' }],
    ['a redirect without TLS', { redirect_uris: 'http://payroll.example.org/' }],
    ['a redirect with a fragment', { redirect_uris: `${callback}#x` }],
    ['a script for a redirect', { redirect_uris: 'javascript:alert(1)' }],
    ['a private key', { jwks: '{"keys":[{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"c"}]}' }],
    ['a realm that is not there', { realm: 'nowhere' }],
    ['a scope that is none', { scopes: 'everything' }],
  ])('is refused with %s', async (_what, more) => {
    const { administrator, id } = gateway
    const write = (body: object) =>
      administrator.call('POST', `/application/${id}-more/openid`, { mode: 'whole_login', ...body })
    await administrator.call('POST', `/application/${id}-more`, { name: 'More' })
    expect((await write(more)).status).toBe(400)
    expect((await write({ redirect_uris: 'http://localhost:3000/' })).status).toBe(200)
    expect(origin).toMatch(/^https:/)
  })
})
