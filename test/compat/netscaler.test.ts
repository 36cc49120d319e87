/**
 * A NetScaler Gateway from its own side: what the commands of docs/netscaler.md make it send, by OAuth and by WebAuth, against the real server. Where
 * the vendor does not say how its signed request looks, this one is as bare as it may be. By RADIUS: netscaler-radius.test.ts.
 */
import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { SignJWT, createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { blocksOf } from '../support/guide.ts'
import { signInBrowser } from '../support/sign-in-browser.ts'
import { until } from '../support/until.ts'
import type { ReadChallenge, VirtualDevice } from '../support/virtual-device.ts'
import { type Desk, openDesk } from './desk.ts'

const password = 'a long and quiet password'
const callback = 'https://gateway.example.org/oauth/login'
const nowSeconds = () => Math.floor(Date.now() / 1000)
let desk: Desk
beforeAll(async () => {
  desk = await openDesk(inject('hardened'), 'netscaler', { phones: false })
  await desk.policy('own', 'enrollment', { push_firebase_configuration: 'web push' })
})
const someone = async (user: string) => {
  await desk.person(user, password)
  return desk.device(user)
}
/** What was left unanswered is open still. */
const opened = (device: VirtualDevice, before: ReadChallenge[] = []) =>
  until('a question on the device', async () =>
    (await device.list()).find((one) =>
      before.every(({ challenge }) => challenge !== one.challenge),
    ),
  )

/** The arguments of a command of the page, quoted as NetScaler's shell has it. */
function argumentsOf(command: string): Record<string, string> {
  const line = blocksOf('netscaler.md')
    .flatMap((block) => block.split('\n'))
    .find((one) => one.startsWith(command))
  if (line === undefined) throw new Error(`the page has no ${command}`)
  const words = line.matchAll(/ -(\w+) (?:q\{(.*?)\}|"((?:\\"|[^"])*)"|(\S+))/g)
  return Object.fromEntries(
    [...words].map(([, name, braced, quoted, bare]) => [
      name,
      braced ?? quoted?.replaceAll('\\"', '"') ?? bare,
    ]),
  )
}

describe('by OAuth', () => {
  const action = argumentsOf('add authentication OAuthAction countersign ')
  let secret: string
  const send = (address: string, init: RequestInit) =>
    fetch(address.replace(desk.publicUrl, desk.at), init)
  const register = (id: string, more: object) =>
    desk.must('POST', `/application/${id}/openid`, {
      mode: 'second_factor',
      redirect_uris: callback,
      realm: desk.realm,
      ...more,
    })
  const secretOf = async (id: string) =>
    ((await desk.must('POST', `/application/${id}/secret`, {})) as { client_secret: string })
      .client_secret

  beforeAll(async () => {
    for (const id of ['gateway', 'other-gateway'])
      await desk.must('POST', `/application/${id}`, { name: id })
    await register('gateway', { signs_with_secret: 1, compares_name: 1 })
    secret = await secretOf('gateway')
  })

  /** What a gateway keeps of one login: who passed LDAP, and what binds the answer to it. */
  async function begin(user: string, { inside = {}, alg = 'HS512' } = {}) {
    const verifier = randomBytes(32).toString('base64url')
    const state = randomBytes(16).toString('hex')
    const claims = {
      client_id: action['clientID'],
      redirect_uri: callback,
      state,
      exp: nowSeconds() + 300,
      ...(action['requestAttribute'] === 'login_hint=AAA.LOGIN.USERNAME' && { login_hint: user }),
      ...inside,
    }
    const request = await new SignJWT(claims)
      .setProtectedHeader({ alg, typ: 'JWT' })
      .sign(new TextEncoder().encode(secret))
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'gateway',
      redirect_uri: callback,
      scope: 'openid profile email',
      state,
      login_hint: user,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      request,
    })
    return { user, state, verifier, address: `${action['authorizationEndpoint']}?${query}` }
  }
  const open = async (address: string) => {
    const browser = signInBrowser(desk.publicUrl, send)
    await browser.go(address)
    return browser
  }

  /** @returns who is let in, or why not: the code for a token, its signature, and the name (`same_person_label`). */
  async function finish(
    login: Awaited<ReturnType<typeof begin>>,
    back: URL,
    { by = 'gateway', basic = false } = {},
  ) {
    if (back.searchParams.get('state') !== login.state) return 'another login'
    const shown = by === 'gateway' ? secret : await secretOf(by)
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: callback,
      code_verifier: login.verifier,
      ...(!basic && { client_id: by, client_secret: shown }),
    })
    // Without padding, which is how a gateway has it by itself.
    const encoded = Buffer.from(`${by}:${shown}`).toString('base64').replace(/=+$/, '')
    const headers: Record<string, string> = basic ? { Authorization: `Basic ${encoded}` } : {}
    const init = { method: 'POST', body, headers }
    const response = await send(String(action['tokenEndpoint']), init)
    const told = (await response.json()) as { id_token?: string; error?: string }
    if (told.id_token === undefined) return told.error
    const keys = (await (await send(String(action['CertEndpoint']), {})).json()) as JSONWebKeySet
    const { payload } = await jwtVerify(told.id_token, createLocalJWKSet(keys), {
      issuer: String(action['issuer']),
      audience: String(action['audience']),
      algorithms: [String(action['allowedAlgorithms'])],
    })
    const name = payload[String(action['userNameField'])]
    return name === login.user ? name : 'another person'
  }

  it('finds every address of the page in discovery', async () => {
    const found = (await (
      await send(`${desk.publicUrl}/.well-known/openid-configuration`, {})
    ).json()) as Record<string, string>
    expect(action).toMatchObject({
      authorizationEndpoint: found['authorization_endpoint'],
      tokenEndpoint: found['token_endpoint'],
      CertEndpoint: found['jwks_uri'],
      issuer: found['issuer'],
    })
    expect(found['token_endpoint_auth_methods_supported']).toEqual(
      expect.arrayContaining([
        ...['client_secret_post', 'client_secret_basic', 'client_secret_jwt', 'private_key_jwt'],
      ]),
    )
  })

  it.each(['HS256', 'HS512'])(
    'asks for whom LDAP let in, and lets in who approved (%s)',
    async (alg) => {
      const device = await someone(`oauth-${alg.toLowerCase()}`)
      const login = await begin(`oauth-${alg.toLowerCase()}`, { alg })
      const browser = await open(login.address)
      await device.approve(await opened(device), browser.code)
      const { url } = await browser.go(browser.page.url)
      expect(await finish(login, url, { basic: alg === 'HS512' })).toBe(login.user)
      expect(await finish(login, url)).toBe('invalid_grant')
    },
  )

  it('sends again, takes a code instead, and any of two devices', async () => {
    await someone('oauth-many')
    const laptop = await desk.device('oauth-many', 'Laptop')
    const { code } = await desk.totp('oauth-many', '')
    const login = await begin('oauth-many')
    const browser = await open(login.address)
    await browser.submit({ step: 'again' })
    expect(browser.page.status).toBe(200)
    await laptop.approve(await opened(laptop), browser.code)
    expect(await finish(login, (await browser.go(browser.page.url)).url)).toBe('oauth-many')
    const next = await begin('oauth-many')
    const typing = await open(next.address)
    await typing.go(`${typing.page.url.href}?by=code`)
    await typing.submit({ code: code(), step: 'code' })
    expect(await finish(next, typing.page.url)).toBe('oauth-many')
  })

  it('goes back without a code where the person declines', async () => {
    const device = await someone('oauth-declines')
    const login = await begin('oauth-declines')
    const browser = await open(login.address)
    await device.decline(await opened(device))
    await browser.go(browser.page.url)
    await browser.submit({ step: 'leave' })
    expect(browser.page.url.searchParams.get('error')).toBe('access_denied')
    expect(await finish(login, browser.page.url)).toBe('invalid_request')
  })

  it('lets nobody in as somebody else, by a request of before, or at another gateway', async () => {
    const victim = await someone('oauth-victim')
    const mallory = await someone('oauth-mallory')
    // Mallory has passed LDAP as his victim, and approves a login of his own.
    const hers = await begin('oauth-victim')
    const his = await begin('oauth-mallory')
    const [one, other] = [new URL(his.address), new URL(hers.address)]
    for (const name of ['code_challenge', 'login_hint', 'state'])
      one.searchParams.set(name, other.searchParams.get(name)!)
    const thief = await open(one.href)
    expect(await victim.list()).toEqual([])
    await mallory.approve(await opened(mallory), thief.code)
    const back = (await thief.go(thief.page.url)).url
    back.searchParams.set('state', hers.state)
    expect(await finish(hers, back)).toBe('another person')
    // A request is good once, for the gateway that signed it, and not without a signature.
    expect((await open(his.address)).page.status).toBe(400)
    const stolen = new URL((await begin('oauth-victim')).address)
    stolen.searchParams.set('client_id', 'other-gateway')
    expect((await open(stolen.href)).page.status).toBe(400)
    const bare = new URL((await begin('oauth-victim')).address)
    bare.searchParams.delete('request')
    expect((await open(bare.href)).page.url.searchParams.get('error')).toBe('invalid_request')
    expect(await victim.list()).toEqual([])
    const login = await begin('oauth-victim')
    const browser = await open(login.address)
    await victim.approve(await opened(victim), browser.code)
    const good = (await browser.go(browser.page.url)).url
    await register('other-gateway', {})
    expect(await finish(login, good, { by: 'other-gateway' })).toBe('invalid_grant')
    expect(await finish(login, good)).toBe('oauth-victim')
  })
})

describe('by WebAuth', () => {
  const { fullReqExpr, successRule } = argumentsOf('add authentication webAuthAction countersign ')
  /** Strings, names of other expressions and the person's name, joined by +. */
  function valueOf(expression: string, user: string): string {
    const parts = expression.match(/"(?:\\.|[^"\\])*"|\([^)]*\)\.LENGTH|[\w.]+/g) ?? []
    return parts
      .map((part) => {
        if (part.startsWith('"')) return JSON.parse(part) as string
        if (part.endsWith('.LENGTH'))
          return String(Buffer.byteLength(valueOf(part.slice(1, -8), user)))
        if (part === 'AAA.LOGIN.USERNAME.HTTP_URL_SAFE') return encodeURIComponent(user)
        return valueOf(expressions[part] ?? expect.fail(part), user)
      })
      .join('')
  }
  const expressions = Object.fromEntries(
    blocksOf('netscaler.md')
      .flatMap((block) => block.split('\n'))
      .flatMap((line) => {
        const [, name, text] = /^add policy expression (\w+) "(.*)"$/.exec(line) ?? []
        return name === undefined ? [] : [[name, text!.replaceAll('\\"', '"')]]
      }),
  ) as Record<string, string>

  let apiKey: string
  const waiting = (push_wait: number) =>
    desk.policy('webauth', 'authentication', { otppin: 'none', push_wait })
  beforeAll(async () => {
    ;({ apiKey } = await desk.application('webauth', ['check']))
    await waiting(60)
  })

  /** @returns whether the gateway lets in, by the very bytes of the page. */
  async function login(user: string, key = apiKey): Promise<boolean> {
    const request = valueOf(fullReqExpr!, user)
      .replace('<api_key>', key)
      .replace('realm=office', `realm=${desk.realm}`)
      .replace(
        /(Content-Length: )(\d+)/,
        (_, name: string, length: string) =>
          name + (Number(length) - 'office'.length + desk.realm.length),
      )
    const answer = await new Promise<string>((resolve, reject) => {
      let heard = ''
      const socket = connect(Number(new URL(desk.at).port), '127.0.0.1', () =>
        socket.write(request),
      )
      socket.on('data', (chunk) => (heard += chunk.toString()))
      socket.on('end', () => resolve(heard))
      socket.on('error', reject)
    })
    const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? []
    return successRule === `HTTP.RES.STATUS.EQ(${status})`
  }

  it('rings by the name alone, waits, and lets in who approved', async () => {
    const device = await someone('web & müller+1')
    const asked = login('web & müller+1')
    await device.approve(await opened(device))
    expect(await asked).toBe(true)
  })

  it('lets nobody in who declines, does not answer, or is asked for by a stranger', async () => {
    const device = await someone('web-nora')
    const startedAt = performance.now()
    const declined = login('web-nora')
    await device.decline(await opened(device))
    expect(await declined).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(40_000)
    await waiting(1)
    expect(await login('web-nora')).toBe(false)
    for (const key of ['', 'nobody_00000000', apiKey.slice(0, -1)])
      expect(await login('web-nora', key)).toBe(false)
    expect(await login('nobody')).toBe(false)
    await waiting(60)
    const before = await device.list()
    const right = login('web-nora')
    await device.approve(await opened(device, before))
    expect(await right).toBe(true)
  })
})
