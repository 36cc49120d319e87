/** Who may call the application's side: sessions, API keys, rights, and nobody known on a loopback deployment. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eq } from 'drizzle-orm'
import { sha256 } from '../../schema/encoding.ts'
import { type Right, everyRight } from '../../worker/policy/rights.ts'
import { accounts, apiKeys } from '../../schema/tables.ts'
import { application } from '../support/application.ts'
import {
  type Deployment,
  adminPassword,
  cheapHash,
  clock,
  deployment,
  origin,
} from './deployment.ts'

let d: Deployment
let user: string
beforeAll(async () => {
  d = await deployment()
  user = await d.person('called')
  await d.person('to-go')
  await d.device(user, { pin: '4711' })
})

let time: ReturnType<typeof clock> | null = null
afterEach(() => {
  time?.stop()
  time = null
})

const nobody = () => application({ url: origin, fetch: d.fetch })

async function session(username = 'admin', password = adminPassword): Promise<string> {
  const { envelope } = await nobody().auth(username, password)
  return (envelope.result.value as { token: string }).token
}

const described = async (response: Response) => ({
  status: response.status,
  body: (await response.json()) as {
    detail: unknown
    result: { error: { code: number; message: string } }
  },
})

describe('POST /auth', () => {
  it('gives a session that its bearer shows as it is, and that clients can read with plain base64', async () => {
    const { status, envelope } = await nobody().auth('admin', adminPassword)
    expect(status).toBe(200)
    expect(envelope.id).toBe(2)
    expect(envelope.result.authentication).toBe('ACCEPT')
    const value = envelope.result.value as Record<string, unknown> & { token: string }
    expect(value).toMatchObject({ role: 'admin', username: 'admin', realm: '' })
    expect(value.menus).toEqual(['audit', 'config', 'users', 'tokens'])
    expect(value.rights).toContain('triggerchallenge')
    const payload = value.token.split('.')[1] ?? ''
    expect(payload).not.toMatch(/[-_]/)
    const claims = JSON.parse(atob(payload)) as Record<string, unknown>
    expect(claims).toMatchObject({ role: 'admin', username: 'admin', realm: '' })
    expect(claims.exp).toBeGreaterThan(Date.now() / 1000)

    for (const headers of [
      { authorization: value.token },
      { 'pi-authorization': value.token },
      { authorization: `Bearer ${value.token}` },
    ]) {
      const { status } = await nobody().call('GET', '/system/', undefined, { headers })
      expect(status).toBe(200)
    }
  })

  it.each([
    ['no name', { password: adminPassword }, 4032, null],
    ['an empty name', { username: ' ', password: adminPassword }, 4032, null],
    ['a wrong password', { username: 'admin', password: 'wrong' }, 4031, {}],
    ['no password', { username: 'admin' }, 4031, {}],
    ['an unknown name', { username: 'ghost', password: adminPassword }, 4031, {}],
    ['an unknown realm', { username: 'admin', realm: 'ghost', password: 'x' }, 4031, null],
  ])('with %s is 401, its detail as on the wire', async (_what, parameters, code, detail) => {
    const { status, body } = await described(await nobody().raw('POST', '/auth', parameters))
    expect(status).toBe(401)
    expect(body.detail).toEqual(detail)
    expect(body.result.error.code).toBe(code)
    expect(body.result.error.message).toMatch(/^Authentication failure\./)
    expect((await nobody().auth('admin', adminPassword)).status).toBe(200)
  })

  it('tells a wrong password from an unknown name by nothing', async () => {
    const words = async (username: string) =>
      (await nobody().auth(username, 'wrong')).envelope.result.error
    expect(await words('ghost')).toEqual(await words('admin'))
  })
})

describe('a session', () => {
  const settingsWith = async (token: string) => {
    const response = await nobody().raw('GET', '/system/', undefined, {
      headers: { authorization: token },
    })
    return described(response)
  }

  it('that is forged, of another key, or not one at all is 401 / 4304', async () => {
    const token = await session()
    const [header = '', payload = '', signature = ''] = token.split('.')
    const claims = JSON.parse(atob(payload)) as object
    const unsigned = btoa(JSON.stringify({ alg: 'none' })).replaceAll('=', '')
    const other = await deployment({ MASTER_KEY: 'A'.repeat(43) })
    const foreign = await application({ url: origin, fetch: other.fetch }).auth(
      'admin',
      adminPassword,
    )
    for (const forged of [
      'nonsense',
      'a.b.c',
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      `${header}.${btoa(JSON.stringify({ ...claims, role: 'admin', exp: 9e9 })).replaceAll('=', '')}.${signature}`,
      `${unsigned}.${payload}.`,
      (foreign.envelope.result.value as { token: string }).token,
    ]) {
      const { status, body } = await settingsWith(forged)
      expect([status, body.result.error.code]).toEqual([401, 4304])
    }
    expect((await settingsWith(token)).status).toBe(200)
  })

  it('lasts an hour', async () => {
    time = clock()
    const token = await session()
    time.forward(3599)
    expect((await settingsWith(token)).status).toBe(200)
    time.forward(1)
    const { status, body } = await settingsWith(token)
    expect([status, body.result.error.code]).toEqual([401, 4305])
    expect((await settingsWith(await session())).status).toBe(200)
  })

  it('has the rights that its account has now, and ends with it', async () => {
    time = clock()
    const service = {
      id: 'service',
      customer: 'default',
      application: 'default',
      username: 'radius',
      role: 'service' as const,
      passwordHash: await cheapHash('secret'),
      rights: ['settings'],
      createdAt: 0,
    }
    await d.db.insert(accounts).values(service)
    const token = await session('radius', 'secret')
    expect((await settingsWith(token)).status).toBe(200)
    await d.db
      .update(accounts)
      .set({ rights: ['trigger'] })
      .where(eq(accounts.id, 'service'))
    await d.set({ resends: 3 })
    time.forward(1)
    expect((await settingsWith(token)).status).toBe(403)
    await d.db.delete(accounts).where(eq(accounts.id, 'service'))
    await d.set({ resends: 3 })
    time.forward(1)
    expect((await settingsWith(token)).status).toBe(401)
  })
})

describe('where a request comes from', () => {
  const forged = { 'CF-Connecting-IP': '203.0.113.9', 'X-Forwarded-For': '198.51.100.1, 192.0.2.7' }
  const cf = { city: 'Rome', country: 'IT' }
  let browsers = 0

  it.each([
    ['at the edge is what Cloudflare says', { LISTENER: '' }, '203.0.113.9', 'Rome, IT'],
    ['elsewhere is nothing that a client says', { LISTENER: 'network' }, undefined, undefined],
    [
      'on this machine is nothing that a client says',
      { LISTENER: 'loopback' },
      undefined,
      undefined,
    ],
    [
      'behind a proxy is what the proxy added',
      { LISTENER: 'loopback', TRUSTED_PROXIES: '127.0.0.1' },
      '192.0.2.7',
      undefined,
    ],
  ])('%s', async (_what, overrides, address, place) => {
    const there = await deployment(overrides)
    const id = `browser${++browsers}`
    await there.db.insert(apiKeys).values({
      ...{ id, customer: 'default', application: 'default', createdAt: 0 },
      secretHash: await sha256('secret'),
      rights: ['trigger', 'origin_browser'],
    })
    const who = await there.person(id)
    const phone = await there.device(who)
    const browser = application({
      url: origin,
      apiKey: `${id}_secret`,
      fetch: (url, init) => there.fetch(url, { ...init, cf } as RequestInit),
    })
    await browser.ask({ user: who }, { headers: forged })
    const [open] = await phone.list()
    const told = { ...(address && { address }), ...(place && { place }) }
    expect(open?.claims.origin).toEqual({ how: 'browser', ...told })
  })

  it('does not reset the count of wrong passwords by being made up', async () => {
    const there = await deployment({ LISTENER: 'network' })
    const tries: number[] = []
    // Of unknown origin more tries are free than of one address.
    for (let n = 1; n <= 51; n++) {
      const headers = { 'CF-Connecting-IP': `203.0.113.${n}`, 'Content-Type': 'application/json' }
      const body = JSON.stringify({ username: 'forged', password: 'x' })
      const init = { method: 'POST', headers, body, cf } as RequestInit
      tries.push((await there.fetch('/auth', init)).status)
    }
    expect(tries.indexOf(429)).toBe(50)
  })
})

describe('an API key', () => {
  const withKey = (apiKey: string) =>
    application({ url: origin, fetch: d.fetch, apiKey }).raw('GET', '/system/')

  it('that is wrong is refused, even where none is needed; the right one is heard', async () => {
    const good = await d.newApplication('Keyed')
    const id = 'keyed-one'
    await d.db.insert(apiKeys).values({
      id,
      customer: 'default',
      application: 'default',
      secretHash: 'x',
      rights: [...everyRight],
      createdAt: 0,
    })
    for (const key of ['', '_', 'none', 'nobody_secret', `${id}_`, `${id}_wrong`, id]) {
      const { status, body } = await described(await withKey(key))
      expect([status, body.result.error.code]).toEqual([401, 4304])
    }
    expect((await good.call('GET', '/system/')).status).toBe(200)
  })
})

describe('a right', () => {
  const guarded: [Right, string, string, object?][] = [
    ['trigger', 'POST', '/validate/triggerchallenge', { user: 'called' }],
    ['trigger', 'POST', '/validate/resend', { transaction_id: 'x' }],
    ['check', 'POST', '/validate/check', { user: 'called', pass: '4711' }],
    ['check', 'POST', '/validate/cancel', { transaction_id: 'x' }],
    ['enrol', 'POST', '/token/init', { user: 'called' }],
    ['enrol', 'GET', '/token/?serial=x'],
    ['people', 'POST', '/user/', { user: 'guarded' }],
    ['people', 'PUT', '/user/', { user: 'guarded', resolver: 'local' }],
    ['people', 'GET', '/user/?username=guarded'],
    ['people', 'DELETE', '/user/local/to-go'],
    ['people', 'GET', '/user/attribute?user=guarded'],
    ['people', 'POST', '/user/attribute', { user: 'guarded', key: 'k', value: 'v' }],
    ['people', 'DELETE', '/user/attribute/k/guarded/default'],
    ['people', 'GET', '/user/editable_attributes/?user=guarded'],
    ['people', 'GET', '/realm/'],
    ['people', 'GET', '/defaultrealm'],
    ['people', 'GET', '/resolver/'],
    ['people', 'GET', '/resolver/local'],
    ['settings', 'POST', '/realm/guarded', { resolvers: 'local' }],
    ['settings', 'DELETE', '/realm/guarded'],
    ['settings', 'POST', '/defaultrealm/default'],
    ['settings', 'POST', '/resolver/guarded', { type: 'local' }],
    ['settings', 'POST', '/resolver/test', { type: 'local' }],
    ['settings', 'DELETE', '/resolver/guarded'],
    ['audit', 'GET', '/audit/'],
    ['audit', 'GET', '/audit/audit.csv'],
    ['settings', 'GET', '/system/'],
    ['settings', 'POST', '/system/setConfig', { StateWaitSeconds: 60 }],
    ['settings', 'GET', '/smsgateway/'],
    ['delivery', 'GET', '/delivery/'],
  ]

  it.each(guarded)('%s alone opens %s %s', async (right, method, path, body) => {
    const without = await d.newApplication(
      'Without',
      // Who may make people is the smaller half of who may do all with them.
      everyRight.filter((other) => other !== right && other !== `add_${right}`),
    )
    const refused = await described(await without.raw(method, path, body))
    expect([refused.status, refused.body.result.error.code]).toEqual([403, 303])
    expect(refused.body.result.error.message).toContain(`'${right}'`)

    const stranger = await described(await nobody().raw(method, path, body))
    expect([stranger.status, stranger.body.result.error.code]).toEqual([401, 4033])

    const withIt = await d.newApplication('With', [right])
    expect([200, 404]).toContain((await withIt.raw(method, path, body)).status)
  })
})

describe('an unknown caller', () => {
  const check = (of: Deployment, headers: Record<string, string> = {}) =>
    application({ url: of.env.PUBLIC_URL, fetch: of.fetch }).check(
      { user, pass: '4711' },
      { headers },
    )

  it('is heard only where listener and address are this machine and nobody forwards', async () => {
    const home = await deployment({ LISTENER: 'loopback', PUBLIC_URL: 'http://localhost:8787' })
    expect((await check(home)).envelope.result.authentication).toBe('CHALLENGE')
    for (const name of ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Real-IP']) {
      const { status, envelope } = await check(home, { [name]: '198.51.100.7' })
      expect([status, envelope.result.error?.code]).toEqual([401, 4033])
    }
    for (const changed of [
      { LISTENER: 'loopback', PUBLIC_URL: 'https://sign.example.org' },
      { LISTENER: '', PUBLIC_URL: 'http://localhost:8787' },
      { LISTENER: 'loopback', PUBLIC_URL: 'http://localhost.example.org' },
    ])
      expect((await check(await deployment(changed))).status).toBe(401)
    expect((await check(home)).status).toBe(200)
  })

  it('is not heard on behalf of a page from elsewhere', async () => {
    const home = await deployment({ LISTENER: 'loopback', PUBLIC_URL: 'http://localhost:8787' })
    const asked = (host: string, headers: Record<string, string> = {}) =>
      home.fetch(`http://${host}:8787/validate/check?user=${user}&pass=`, { headers })
    for (const site of ['cross-site', 'same-site'])
      expect((await asked('localhost', { 'Sec-Fetch-Site': site })).status).toBe(401)
    // A name of the attacker's that was bound to this machine's address for a moment.
    expect((await asked('rebound.example.org')).status).toBe(401)
    for (const host of ['localhost', '127.0.0.1', '[::1]'])
      expect((await asked(host, { 'Sec-Fetch-Site': 'none' })).status).toBe(200)
  })

  it('is heard elsewhere where the setting says so, may check, and nothing more', async () => {
    const open = await deployment()
    expect((await check(open)).status).toBe(401)
    const set = (apiKeyRequired: number) => open.set({ apiKeyRequired })
    await set(0)
    expect((await check(open)).envelope.result.authentication).toBe('CHALLENGE')
    const trigger = await application({ url: origin, fetch: open.fetch }).trigger({ user })
    expect([trigger.status, trigger.envelope.result.error?.code]).toEqual([401, 4033])
    await set(1)
    expect((await check(open)).status).toBe(401)
  })

  it('gets the Try-it key on a loopback deployment only, and only from a page of its own', async () => {
    const home = await deployment({
      LISTENER: 'loopback',
      PUBLIC_URL: 'http://localhost:8787',
      TRY_API_KEY: 'try_secret',
    })
    const ask = (of: Deployment, address: string, headers: Record<string, string> = {}) =>
      of.fetch(`${address}/try/application.json`, { headers })
    expect(await (await ask(home, 'http://localhost:8787')).json()).toMatchObject({
      apiKey: 'try_secret',
    })
    expect((await ask(home, 'http://rebound.example.org')).status).toBe(404)
    const crossSite = { 'Sec-Fetch-Site': 'cross-site' }
    expect((await ask(home, 'http://localhost:8787', crossSite)).status).toBe(404)
    const away = await deployment({ TRY_API_KEY: 'try_secret' })
    expect((await ask(away, origin)).status).toBe(404)
  })
})

describe('a plugin that can send no header', () => {
  const path = '/application/gateway/key'

  it('is known by the networks it calls from, for a check and nothing else', async () => {
    const there = await deployment({ LISTENER: '' })
    const office = await there.newApplication('Office', ['applications', 'check'], 'default')
    await office.call('POST', '/application/gateway', { name: 'Gateway' })
    const who = await there.person('by-source')
    await there.device(who, { pin: '1234' })
    const check = (from?: string) =>
      there.fetch('/validate/check', {
        method: 'POST',
        body: new URLSearchParams({ user: who, pass: '1234' }),
        ...(from && { headers: { 'CF-Connecting-IP': from } }),
      })
    expect((await check('192.0.2.7')).status).toBe(401)
    const made = await office.call('POST', path, {
      ...{ rights: 'check', networks: '192.0.2.0/24', by_source: '1' },
    })
    expect(made.envelope.result.value).toEqual({ id: expect.any(String) })
    // Neither from elsewhere, nor from where nobody knows, nor with its id in place of a secret.
    for (const from of ['203.0.113.9', undefined]) expect((await check(from)).status).toBe(401)
    const { id } = made.envelope.result.value as { id: string }
    for (const key of [id, `${id}_`]) {
      const headers = { 'X-API-Key': key, 'CF-Connecting-IP': '192.0.2.7' }
      expect((await there.fetch('/validate/capabilities', { headers })).status).toBe(401)
    }
    const headers = { 'CF-Connecting-IP': '192.0.2.7' }
    expect((await there.fetch('/token/', { headers })).status).toBe(403)
    const heard = (await (await check('192.0.2.7')).json()) as {
      result: { authentication: string }
    }
    expect(heard.result.authentication).toBe('CHALLENGE')
    await office.call('DELETE', `${path}/${id}`)
    expect((await check('192.0.2.7')).status).toBe(401)
  })

  it('is not known everywhere, and never for more than a check', async () => {
    const office = await d.newApplication('Office', ['applications', 'check', 'trigger'], 'default')
    await office.call('POST', '/application/gateway', { name: 'Gateway' })
    for (const [wish, field] of [
      [{ rights: 'check' }, 'networks'],
      [{ rights: 'check', networks: '!10.0.0.0/8' }, 'networks'],
      [{ rights: 'check,trigger', networks: '10.0.0.0/8' }, 'rights'],
    ] as const) {
      const { status, envelope } = await office.call('POST', path, { ...wish, by_source: '1' })
      expect([status, envelope.result.error?.message]).toEqual([
        400,
        expect.stringContaining(`'${field}'`),
      ])
    }
    const right = { rights: 'check', networks: '10.0.0.0/8', by_source: '1' }
    expect((await office.call('POST', path, right)).status).toBe(200)
  })
})
