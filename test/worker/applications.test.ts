/** Applications, their keys and service accounts: each is what it was made to be, and no more. */
import { beforeAll, describe, expect, it } from 'vitest'
import { application } from '../support/application.ts'
import { type Deployment, adminPassword, deployment, origin } from './deployment.ts'

let d: Deployment
type Administrator = ReturnType<typeof application>
let admin: Administrator
beforeAll(async () => {
  d = await deployment()
  admin = await signIn('admin', adminPassword)
  await admin.call('POST', '/application/wiki', { name: 'Wiki' })
})

async function signIn(username: string, password: string): Promise<Administrator> {
  const stranger = application({ url: origin, fetch: d.fetch })
  const { envelope } = await stranger.auth(username, password)
  return application({
    url: origin,
    fetch: d.fetch,
    token: (envelope.result.value as { token: string }).token,
  })
}

async function newKey(body: object) {
  const { status, envelope } = await admin.call('POST', '/application/wiki/key', body)
  if (status !== 200) throw new Error(JSON.stringify(envelope))
  const { id, api_key: apiKey } = envelope.result.value as { id: string; api_key: string }
  return { id, wiki: application({ url: origin, fetch: d.fetch, apiKey }), apiKey }
}

describe('a key', () => {
  it('rings people in the name of its application, and does nothing it has no right to', async () => {
    const { wiki } = await newKey({ rights: ['trigger', 'check'] })
    const user = await d.person('wendy')
    const phone = await d.device(user)
    const asked = await wiki.ask({ user })
    const [challenge] = await phone.list()
    expect(challenge?.claims.application).toEqual({ id: 'wiki', name: 'Wiki' })
    for (const path of ['/application/', '/policy/', '/user/', '/audit/'])
      expect((await wiki.call('GET', path)).status).toBe(403)
    await phone.approve(challenge!, asked.code)
    expect((await wiki.redeem({ user }, asked.transactionId)).envelope.result.value).toBe(true)
  })

  it('is shown once, listed without its secret, and dead when it is deleted', async () => {
    const { id, wiki, apiKey } = await newKey({ rights: 'trigger' })
    const secret = apiKey.slice(apiKey.indexOf('_') + 1)
    const listed = await admin.call('GET', '/application/')
    expect(JSON.stringify(listed.envelope)).toContain(id)
    expect(JSON.stringify(listed.envelope)).not.toContain(secret)
    const trail = await admin.call('GET', '/audit/')
    expect(JSON.stringify(trail.envelope)).toContain(id)
    expect(JSON.stringify(trail.envelope)).not.toContain(secret)
    expect((await wiki.trigger({ user: 'nobody' })).status).toBe(400)
    expect((await admin.call('DELETE', `/application/wiki/key/${id}`)).status).toBe(200)
    expect((await wiki.trigger({ user: 'nobody' })).status).toBe(401)
    expect((await admin.call('DELETE', `/application/wiki/key/${id}`)).status).toBe(404)
  })

  it('that is bound to networks is refused from where nobody knows', async () => {
    const { wiki } = await newKey({ rights: ['trigger'], networks: ['192.0.2.0/24'] })
    const refused = await wiki.trigger({ user: 'nobody' })
    expect([refused.status, refused.envelope.result.error?.code]).toEqual([403, 303])
    const { wiki: free } = await newKey({ rights: ['trigger'] })
    expect((await free.trigger({ user: 'nobody' })).status).toBe(400)
  })

  it.each([
    ['no rights', {}, "'rights'"],
    ['an unknown right', { rights: ['fly'] }, "'rights' must be some of"],
    ['a network that is none', { rights: ['trigger'], networks: '10.0.0.300' }, "'networks'"],
  ])('is not made with %s', async (_, body, message) => {
    const { status, envelope } = await admin.call('POST', '/application/wiki/key', body)
    expect(status).toBe(400)
    expect(envelope.result.error?.message).toContain(message)
  })

  it('hands on no right that its maker does not have', async () => {
    const { wiki: maker } = await newKey({ rights: ['applications', 'trigger'] })
    const beyond = await maker.call('POST', '/application/wiki/key', {
      rights: ['trigger', 'settings'],
    })
    expect(beyond.status).toBe(403)
    expect(
      (await maker.call('POST', '/application/wiki/key', { rights: ['trigger'] })).status,
    ).toBe(200)
  })
})

describe('a key that may make keys', () => {
  const makeKey = (by: Administrator, body: object, of = 'wiki') =>
    by.call('POST', `/application/${of}/key`, body)

  it('makes none, and no account, for another application, and names no other', async () => {
    const { wiki: maker } = await newKey({ rights: ['applications', 'trigger'] })
    await admin.call('POST', '/application/other', { name: 'Other' })
    const account = { username: 'mole', password: 'a long enough word', rights: 'trigger' }
    for (const [method, path, body] of [
      ['POST', '/application/other/key', { rights: 'trigger' }],
      ['POST', '/application/other/account', account],
      ['POST', '/application/other', { name: 'Wiki' }],
      ['POST', '/application/brand-new', { name: 'Wiki' }],
      ['DELETE', '/application/other'],
      ['DELETE', '/application/default/account/admin'],
    ] as const) {
      const { status, envelope } = await maker.call(method, path, body)
      expect([path, status, envelope.result.error?.code]).toEqual([path, 403, 303])
    }
    expect((await maker.call('POST', '/application/wiki', { name: 'Wiki' })).status).toBe(200)
    expect((await makeKey(admin, { rights: 'trigger' }, 'other')).status).toBe(200)
  })

  it('and is bound to networks makes none that is heard from elsewhere', async () => {
    const proxied = await deployment({ LISTENER: 'loopback', TRUSTED_PROXIES: '127.0.0.1' })
    const there = (apiKey: string, from: string) =>
      application({
        url: origin,
        apiKey,
        fetch: (url, init) =>
          proxied.fetch(url, {
            ...init,
            headers: { ...(init.headers as Record<string, string>), 'X-Forwarded-For': from },
          }),
      })
    const { apiKey } = await newKey({
      rights: ['applications', 'trigger'],
      networks: '10.0.0.0/8, !10.1.1.0/24',
    })
    const maker = there(apiKey, '10.0.0.7')
    for (const networks of ['0.0.0.0/0', '10.0.0.0/7', '192.0.2.1', '!192.0.2.1', '::/0']) {
      const { status, envelope } = await makeKey(maker, { rights: 'trigger', networks })
      expect([networks, status]).toEqual([networks, 400])
      expect(envelope.result.error?.message).toContain("'networks' must lie within")
    }
    for (const body of [{ rights: 'trigger' }, { rights: 'trigger', networks: '10.1.0.0/16' }]) {
      const { envelope } = await makeKey(maker, body)
      const { api_key: made } = envelope.result.value as { api_key: string }
      const statusFrom = async (from: string) =>
        (await there(made, from).trigger({ user: 'nobody' })).status
      expect(await statusFrom('10.1.2.3')).toBe(400)
      expect(await statusFrom('10.1.1.3')).toBe(403)
      expect(await statusFrom('192.0.2.1')).toBe(403)
    }
  })
})

describe('a service account', () => {
  it('signs in as plugins do, and is limited as it was made', async () => {
    const account = { username: 'gateway', password: 'a long enough word', rights: 'trigger' }
    expect((await admin.call('POST', '/application/wiki/account', account)).status).toBe(200)
    const gateway = await signIn('gateway', account.password)
    // privacyIDEA knows two roles, and its PHP client takes a session of no other.
    const told = await gateway.auth('gateway', account.password)
    expect(told.envelope.result.value).toMatchObject({
      role: 'admin',
      rights: ['triggerchallenge'],
    })
    expect((await gateway.trigger({ user: 'nobody' })).envelope.result.error?.code).toBe(904)
    expect((await gateway.call('GET', '/policy/')).status).toBe(403)
    const again = await admin.call('POST', '/application/wiki/account', account)
    expect(again.envelope.result.error?.message).toContain("'username' is taken")
    expect((await admin.call('DELETE', '/application/wiki/account/gateway')).status).toBe(200)
    expect((await gateway.trigger({ user: 'nobody' })).status).toBe(401)
  })

  it('needs a password worth the name, and is never the administrator', async () => {
    const short = { username: 'shorty', password: 'short', rights: 'trigger' }
    expect((await admin.call('POST', '/application/wiki/account', short)).status).toBe(400)
    const usurper = { username: 'admin', password: 'a long enough word', rights: 'trigger' }
    expect((await admin.call('POST', '/application/wiki/account', usurper)).status).toBe(400)
    // The last one stays.
    expect((await admin.call('DELETE', '/application/default/account/admin')).status).toBe(403)
    expect((await admin.call('GET', '/application/')).status).toBe(200)
  })
})

describe('an application', () => {
  it('is renamed for every question after, and takes its keys with it', async () => {
    await admin.call('POST', '/application/shop', { name: 'Shop' })
    const { envelope } = await admin.call('POST', '/application/shop/key', { rights: 'trigger' })
    const { api_key: apiKey } = envelope.result.value as { api_key: string }
    const shop = application({ url: origin, fetch: d.fetch, apiKey })
    const user = await d.person('sheila')
    const phone = await d.device(user)
    await admin.call('POST', '/application/shop', { name: 'The Shop' })
    await shop.ask({ user })
    expect((await phone.list())[0]?.claims.application.name).toBe('The Shop')
    expect((await admin.call('DELETE', '/application/shop')).status).toBe(200)
    expect((await shop.trigger({ user })).status).toBe(401)
    expect((await admin.call('DELETE', '/application/default')).status).toBe(400)
    expect((await admin.call('POST', '/application/Shop', { name: 'x' })).status).toBe(400)
    expect((await admin.call('POST', '/application/shop', { name: '\u202e' })).status).toBe(400)
  })
})

describe('the right to make people', () => {
  it('finds, changes and deletes none', async () => {
    const { wiki } = await newKey({ rights: ['add_people'] })
    expect((await wiki.createUser({ user: 'newcomer' })).status).toBe(200)
    for (const [method, path] of [
      ['GET', '/user/?username=*'],
      ['PUT', '/user/'],
      ['DELETE', '/user/local/newcomer'],
    ] as const)
      expect(
        (await wiki.call(method, path, method === 'PUT' ? { user: 'newcomer' } : undefined)).status,
      ).toBe(403)
    const found = await d.payroll.call('GET', '/user/?username=newcomer')
    expect(found.envelope.result.value).toHaveLength(1)
  })

  it('takes nobody’s place in a realm that finds them in a later resolver', async () => {
    for (const resolver of ['front', 'back'])
      await admin.call('POST', `/resolver/${resolver}`, { type: 'local' })
    await admin.call('POST', '/realm/layered', {
      ...{ resolvers: 'front,back', 'priority.front': 1, 'priority.back': 2 },
    })
    await admin.createUser({ user: 'Vera', resolver: 'back' } as never)
    const { wiki } = await newKey({ rights: ['add_people'] })
    for (const user of ['Vera', 'vERA'])
      for (const where of [{ realm: 'layered' }, { resolver: 'front' }]) {
        const { status, envelope } = await wiki.call('POST', '/user/', { user, ...where })
        expect([status, envelope.result.error?.message]).toEqual([
          400,
          'ERR905: A user of this name exists in this realm.',
        ])
      }
    expect((await wiki.call('POST', '/user/', { user: 'Wilma', realm: 'layered' })).status).toBe(
      200,
    )
    // Whoever has the whole right may mean it.
    expect((await admin.call('POST', '/user/', { user: 'Vera', realm: 'layered' })).status).toBe(
      200,
    )
  })
})
