/** An application that signs with its Client Secret, as gateways do that can do nothing else: what that opens, and what it must not. */
import { SignJWT, exportJWK, exportSPKI, generateKeyPair } from 'jose'
import * as openid from 'openid-client'
import { beforeAll, describe, expect, it } from 'vitest'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, origin } from './deployment.ts'
import {
  type RelyingParty,
  approve,
  beginning,
  browser,
  newRelyingParty,
  refusal,
  withTwoPeople,
} from './openid-parties.ts'

let d: Deployment
let gateway: RelyingParty
let anna: VirtualDevice
let mallory: VirtualDevice
beforeAll(async () => {
  ;({ d, anna, mallory } = await withTwoPeople())
  gateway = await newRelyingParty(d, { mode: 'second_factor', signs_with_secret: 1 })
})

const nowSeconds = () => Math.floor(Date.now() / 1000)
type Claims = Record<string, unknown>
const signed = (claims: Claims, secret: string | Uint8Array, alg = 'HS512') =>
  new SignJWT(claims)
    .setProtectedHeader({ alg })
    .sign(typeof secret === 'string' ? new TextEncoder().encode(secret) : secret)

/** What a gateway puts into its request; `spoilt` takes away what is undefined. */
async function requested(by: RelyingParty, spoilt: Claims = {}) {
  const { parameters, checks } = await beginning()
  const claims = {
    response_type: 'code',
    client_id: by.clientId,
    exp: nowSeconds() + 300,
    login_hint: 'anna',
    ...parameters,
    ...spoilt,
  }
  return { claims: JSON.parse(JSON.stringify(claims)) as Claims, checks }
}
const addressOf = (by: RelyingParty, request: string, more: Record<string, string> = {}) => {
  const query = new URLSearchParams({ client_id: by.clientId, request, ...more })
  return new URL(`/oauth/authorize?${query}`, origin)
}
const errorIn = ({ url, text }: { url: URL; text: string }): string =>
  url.searchParams.get('error') ?? (/login|request|signed|aud|iss|exp/.test(text) ? 'refused' : '')

/** @returns '' where somebody was asked. */
async function refused(by: RelyingParty, request: string, more = {}): Promise<string> {
  const before = (await anna.list()).length
  const page = await browser(d).go(addressOf(by, request, more))
  if ((await anna.list()).length > before) return ''
  return errorIn(page) || `HTTP ${page.status}`
}

describe('a request that is signed with the secret', () => {
  it.each(['HS256', 'HS384', 'HS512'])('names the person, once (%s)', async (alg) => {
    const { claims, checks } = await requested(gateway)
    const address = addressOf(gateway, await signed(claims, gateway.secret, alg))
    const person = browser(d)
    await person.go(address)
    expect((await browser(d).go(address)).status).toBe(400)
    await approve(person, anna)
    const { url } = await person.go(person.page.url)
    const tokens = await openid.authorizationCodeGrant(gateway.config, url, checks)
    expect(tokens.claims()?.preferred_username).toBe('anna')
  })

  it.each<[string, Claims]>([
    ['for another server', { aud: 'https://other.example' }],
    ['of another application', { iss: 'party-0' }],
    ['that is over', { exp: 1 }],
    ['that never is over', { exp: undefined }],
    ['that lasts for a day', { exp: nowSeconds() + 86_400 }],
    ['that does not say whose it is', { client_id: undefined }],
    ['that could be shown as the application’s own name', { sub: 'CLIENT' }],
    ['without PKCE', { code_challenge: undefined }],
    ['for nobody', { login_hint: undefined }],
  ])('is refused %s', async (_what, spoilt) => {
    const own = spoilt['sub'] === 'CLIENT' ? { sub: gateway.clientId } : spoilt
    const { claims } = await requested(gateway, own)
    expect(await refused(gateway, await signed(claims, gateway.secret))).not.toBe('')
    const right = await requested(gateway, { aud: origin, iss: gateway.clientId })
    expect(await refused(gateway, await signed(right.claims, gateway.secret))).toBe('')
  })

  it('is refused by every other secret, and by a public key that is taken for one', async () => {
    const { publicKey } = await generateKeyPair('RS256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one' }
    const jwks = JSON.stringify({ keys: [jwk] })
    const register = (more: object) => newRelyingParty(d, { mode: 'second_factor', jwks, ...more })
    const both = await register({ signs_with_secret: 1 })
    const hashed = await register({})
    const trying = async (by: RelyingParty, secret: string | Uint8Array, alg?: string) =>
      refused(by, await signed((await requested(by)).claims, secret, alg))
    for (const text of [await exportSPKI(publicKey), JSON.stringify(jwk), String(jwk.n), 'x'])
      for (const alg of ['HS256', 'HS512']) expect(await trying(both, text, alg)).not.toBe('')
    expect(await trying(both, gateway.secret)).not.toBe('')
    // Kept as a hash alone: it could not be checked, and the hash is no secret to sign with.
    expect(await trying(hashed, hashed.secret)).not.toBe('')
    const [row] = await d.db.all<{ hash: string; sealed: string }>(
      `select hash, sealed from application_secrets where application = '${both.id}'`,
    )
    for (const text of [row!.hash, row!.sealed]) expect(await trying(both, text)).not.toBe('')
    const { claims } = await requested(both)
    const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
    expect(await refused(both, `${encoded({ alg: 'none' })}.${encoded(claims)}.`)).not.toBe('')
    expect(await trying(both, both.secret)).toBe('')
  })

  it('is refused by a secret of before it was registered to sign, and by one that was deleted', async () => {
    const late = await newRelyingParty(d, { mode: 'second_factor' })
    const { administrator, id } = late
    const register = (more: object) =>
      administrator.call('POST', `/application/${id}/openid`, {
        mode: 'second_factor',
        redirect_uris: ['https://payroll.example.org/callback'],
        ...more,
      })
    const trying = async (secret: string) =>
      refused(late, await signed((await requested(late)).claims, secret))
    expect((await register({ signs_with_secret: 1 })).status).toBe(200)
    expect(await trying(late.secret)).not.toBe('')
    const made = (await administrator.call('POST', `/application/${id}/secret`)).envelope.result
      .value as { id: string; client_secret: string }
    expect(new TextEncoder().encode(made.client_secret)).toHaveLength(64)
    expect(await trying(made.client_secret)).toBe('')
    await register({})
    expect(await trying(made.client_secret)).not.toBe('')
    await register({ signs_with_secret: 1 })
    expect(await trying(made.client_secret)).toBe('')
    await administrator.call('DELETE', `/application/${id}/secret/${made.id}`)
    expect(await trying(made.client_secret)).not.toBe('')
  })

  it('keeps no secret that can be read', async () => {
    const { envelope } = await gateway.administrator.call('GET', '/application/')
    const kept = JSON.stringify([envelope, await d.db.all('select * from application_secrets')])
    expect(kept).not.toContain(gateway.secret)
    expect(kept).not.toContain(Buffer.from(gateway.secret).toString('base64url'))
  })
})

describe('what stands beside it in the address', () => {
  it('names nobody, and binds the login to nobody else', async () => {
    // Mallory passed the first factor as Anna; he takes a request of his own, and puts in what binds hers.
    const hers = await requested(gateway)
    const { code_challenge: _, ...mine } = (await requested(gateway, { login_hint: 'mallory' }))
      .claims
    const beside = {
      code_challenge: String(hers.claims['code_challenge']),
      code_challenge_method: 'S256',
      login_hint: 'anna',
    }
    const thief = browser(d)
    const open = (await mallory.list()).length
    await thief.go(addressOf(gateway, await signed(mine, gateway.secret), beside))
    expect((await mallory.list()).length).toBe(open)
    expect(thief.page.url.searchParams.get('error')).toBe('invalid_request')
    // With PKCE of his own inside, his code is good for nothing in her login, and ends with the try.
    const own = await requested(gateway, { login_hint: 'mallory' })
    await thief.go(addressOf(gateway, await signed(own.claims, gateway.secret), beside))
    await approve(thief, mallory)
    const { url } = await thief.go(thief.page.url)
    const swapped = new URL(url)
    swapped.searchParams.set('state', hers.checks.expectedState)
    const redeem = (at: URL, checks: openid.AuthorizationCodeGrantChecks) =>
      refusal(openid.authorizationCodeGrant(gateway.config, at, checks))
    expect(await redeem(swapped, hers.checks)).toBe('invalid_grant')
    expect(await redeem(url, own.checks)).toBe('invalid_grant')
  })

  it('is PKCE only where the application compares the name', async () => {
    const comparing = await newRelyingParty(d, {
      mode: 'second_factor',
      signs_with_secret: 1,
      compares_name: 1,
    })
    const { claims, checks } = await requested(comparing)
    const { code_challenge, code_challenge_method, nonce, scope, response_type, ...inside } = claims
    const beside = Object.fromEntries(
      Object.entries({ code_challenge, code_challenge_method, nonce, scope, response_type }).map(
        ([name, value]) => [name, String(value)],
      ),
    )
    const person = browser(d)
    const request = await signed(inside, comparing.secret)
    await person.go(addressOf(comparing, request, { ...beside, login_hint: 'mallory' }))
    await approve(person, anna)
    const { url } = await person.go(person.page.url)
    const tokens = await openid.authorizationCodeGrant(comparing.config, url, checks)
    expect(tokens.claims()?.preferred_username).toBe('anna')
  })

  it('a person by another name of the claim, and by that alone', async () => {
    const other = await newRelyingParty(d, {
      mode: 'second_factor',
      signs_with_secret: 1,
      login_hint_claim: 'duo_uname',
    })
    const { claims } = await requested(other)
    expect(await refused(other, await signed(claims, other.secret))).not.toBe('')
    const named = await requested(other, { duo_uname: 'anna', login_hint: 'mallory' })
    expect(await refused(other, await signed(named.claims, other.secret))).toBe('')
    for (const wrong of ['client_id', 'state', 'a b', '1x']) {
      const body = { mode: 'second_factor', login_hint_claim: wrong }
      const path = `/application/${other.id}/openid`
      expect((await other.administrator.call('POST', path, body)).status).toBe(400)
    }
  })
})

describe('client_secret_jwt', () => {
  it('says which application it is, once, and ends with the secret; a request is no such statement', async () => {
    const own = await newRelyingParty(
      d,
      { mode: 'second_factor', signs_with_secret: 1, scopes: 'check' },
      openid.ClientSecretJwt,
    )
    const { access_token: token } = await openid.clientCredentialsGrant(own.config)
    const call = () =>
      d.fetch('/validate/capabilities', { headers: { Authorization: `Bearer ${token}` } })
    expect((await call()).status).toBe(200)
    const show = async (assertion: string) => {
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      })
      return (await d.fetch('/oauth/token', { method: 'POST', body })).status
    }
    const { claims } = await requested(own, { iss: own.clientId, aud: origin })
    expect(await show(await signed(claims, own.secret))).toBe(401)
    const name = { iss: own.clientId, sub: own.clientId, aud: origin, exp: nowSeconds() + 60 }
    // What a request may leave out, the application's own name may not.
    expect(await show(await signed({ ...name, aud: undefined }, own.secret))).toBe(401)
    expect(await show(await signed({ ...name, exp: nowSeconds() + 3000 }, own.secret))).toBe(401)
    const statement = await signed({ ...name, jti: 'one' }, own.secret)
    expect([await show(statement), await show(statement)]).toEqual([200, 401])
    expect(await refused(own, await signed({ ...name, jti: 'two' }, own.secret))).not.toBe('')
    await own.administrator.call('DELETE', `/application/${own.id}/secret/${own.secretId}`)
    expect((await call()).status).toBe(401)
    expect(await refusal(openid.clientCredentialsGrant(own.config))).toBe('invalid_client')
  })
})
