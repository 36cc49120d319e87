/** Realms and resolvers: who is meant by a name, by which realm, and what a change of them ends. */
import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { tokenChanges } from '../../schema/tables.ts'
import worker from '../../worker/index.ts'
import { DeviceRefused } from '../support/virtual-device.ts'
import { type Deployment, clock, costOf, deployment } from './deployment.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})

const call = async (method: string, path: string, body?: object) => {
  const { status, envelope } = await d.payroll.call(method, path, body)
  const { value, error } = envelope.result
  return { status, value, error, detail: envelope.detail }
}
let made = 0
/** A fresh name, so that tests do not meet. */
const fresh = (what: string) => `${what}-${++made}`
async function newResolver(): Promise<string> {
  const name = fresh('res')
  expect((await call('POST', `/resolver/${name}`, { type: 'local' })).status).toBe(200)
  return name
}
const putRealm = (name: string, resolvers: string | string[], more: object = {}) =>
  call('POST', `/realm/${name}`, { resolvers, ...more })
const described = async (name: string) =>
  ((await call('GET', '/realm/')).value as Record<string, { resolver: { name: string }[] }>)[name]

describe('a resolver', () => {
  it('is made, listed, read, made again without harm, and deleted', async () => {
    const name = fresh('res')
    const { value: id } = await call('POST', `/resolver/${name}`, { type: 'local' })
    expect(id).toBeTypeOf('number')
    const one = {
      censor_keys: [],
      data: { Editable: true },
      resolvername: name,
      type: 'local',
    }
    expect((await call('GET', `/resolver/${name}`)).value).toEqual({ [name]: one })
    expect((await call('GET', '/resolver/')).value).toMatchObject({ [name]: one })
    expect((await call('GET', '/resolver/?type=ldapresolver')).value).toEqual({})
    expect((await call('GET', '/resolver/none')).value).toEqual({})
    await call('POST', '/user/', { user: 'kept', resolver: name })
    expect((await call('POST', `/resolver/${name}`, {})).value).toBe(id)
    expect((await call('GET', `/user/?resolver=${name}`)).value).toHaveLength(1)
    expect((await call('DELETE', `/resolver/${name}`)).value).toBe(id)
    expect((await call('DELETE', `/resolver/${name}`)).value).toBe(-1)
    await call('POST', `/resolver/${name}`, { type: 'local' })
    expect((await call('GET', `/user/?resolver=${name}`)).value).toEqual([])
  })

  it('of a directory is not made before it says what is needed to ask it', async () => {
    const name = fresh('ldap')
    const asked = {
      type: 'ldapresolver',
      LDAPURI: 'ldaps://ldap.example.org',
      LDAPBASE: 'dc=example,dc=org',
      LOGINNAMEATTRIBUTE: 'uid',
      LDAPSEARCHFILTER: '(objectClass=person)',
    }
    for (const wrong of [
      ...['LDAPURI', 'LDAPBASE', 'LOGINNAMEATTRIBUTE', 'LDAPSEARCHFILTER'].map((key) => ({
        [key]: '',
      })),
      { LDAPURI: 'ldap://ldap.example.org' },
      { LDAPURI: 'ldaps://ldap.example.org/dc=x' },
      { LDAPURI: 'ldaps://user@ldap.example.org' },
      { LDAPURI: 'https://ldap.example.org' },
      { LDAPSEARCHFILTER: '(a=b)(c=d)' },
      { LOGINNAMEATTRIBUTE: 'uid)(cn' },
      { UIDTYPE: 'a b' },
      { USERINFO: '[]' },
      { USERINFO: '{"email":"a)(b"}' },
      { BINDPW: '__CENSORED__' },
      { TIMEOUT: 'soon' },
      { SIZELIMIT: '-1' },
      { CACHE_TIMEOUT: '100000' },
      { SCOPE: 'ALL' },
      { EDITABLE: 'True' },
      { START_TLS: '1' },
      { TLS_VERIFY: 'False' },
      { AUTHTYPE: 'NTLM' },
    ]) {
      const { status, error } = await call('POST', `/resolver/${name}`, { ...asked, ...wrong })
      expect([Object.keys(wrong), status]).toEqual([Object.keys(wrong), 400])
      expect(error?.message).toContain(`'${Object.keys(wrong)[0]}'`)
    }
    const tested = await call('POST', '/resolver/test', { type: 'ldapresolver' })
    expect(tested.status).toBe(400)
    expect((await call('POST', `/resolver/${name}`, {})).error?.message).toContain("'type'")
    expect((await call('GET', `/resolver/${name}`)).value).toEqual({})
    const right = await call('POST', '/resolver/test', { type: 'local' })
    expect(right.value).toBe(true)
    expect(right.detail).toHaveProperty('description')
    const made = await call('POST', `/resolver/${name}`, { ...asked, TLS_VERSION: '5' })
    expect([made.status, made.detail]).toMatchObject([200, { not_in_force: ['TLS_VERSION'] }])
    expect((await call('POST', `/resolver/${name}`, { type: 'local' })).status).toBe(400)
  })

  it('that a realm looks into stays, with its people', async () => {
    const [resolver, realm] = [await newResolver(), fresh('realm')]
    await putRealm(realm, resolver)
    await call('POST', '/user/', { user: 'held', resolver })
    const refused = await call('DELETE', `/resolver/${resolver}`)
    expect(refused.status).toBe(400)
    expect(refused.error).toEqual({
      code: 8,
      message: `ERR8: The resolver '${resolver}' is still contained in realm '${realm}'.`,
    })
    expect((await call('GET', `/user/?resolver=${resolver}`)).value).toHaveLength(1)
    await call('DELETE', `/realm/${realm}`)
    expect((await call('DELETE', `/resolver/${resolver}`)).value).toBeGreaterThan(0)
  })
})

describe('a name of a realm or a resolver', () => {
  it.each(['a b', "a'b", 'a%', 'ä', 'a@b', 'a*', 'x'.repeat(65), '%00', '<b>'])(
    'is not %s',
    async (name) => {
      const path = encodeURIComponent(name)
      for (const where of ['realm', 'resolver']) {
        const body = { resolvers: 'local', type: 'local' }
        const { status, error } = await call('POST', `/${where}/${path}`, body)
        expect([status, error?.code]).toEqual([400, 905])
      }
      expect((await call('POST', `/resolver/${fresh('res')}`, { type: 'local' })).status).toBe(200)
    },
  )

  it('is one in any letter case', async () => {
    const name = fresh('case')
    await call('POST', `/resolver/${name.toUpperCase()}`, { type: 'local' })
    const set = await putRealm(name.toUpperCase(), name.toUpperCase())
    expect(set.value).toEqual({ added: [name], failed: [] })
    expect(await described(name)).toMatchObject({ resolver: [{ name, type: 'local' }] })
    expect((await call('DELETE', `/realm/${name.toUpperCase()}`)).status).toBe(200)
  })
})

describe('a realm', () => {
  it('takes the resolvers that are there and names those that are not, as list and as text', async () => {
    const [one, two, realm] = [await newResolver(), await newResolver(), fresh('realm')]
    for (const resolvers of [`${one}, ${two} ,none`, [one, two, 'none']]) {
      const set = await putRealm(realm, resolvers, { [`priority.${two}`]: 1 })
      expect(set.value).toEqual({ added: [one, two], failed: ['none'] })
    }
    expect(await described(realm)).toEqual({
      default: false,
      id: expect.any(Number),
      option: '',
      resolver: [
        { name: two, node: '', priority: 1, type: 'local' },
        { name: one, node: '', priority: null, type: 'local' },
      ],
    })
    expect((await putRealm(realm, one)).value).toEqual({ added: [one], failed: [] })
    expect((await described(realm))?.resolver.map(({ name }) => name)).toEqual([one])
    expect((await call('POST', `/realm/${realm}`, {})).error?.message).toContain("'resolvers'")
    const badly = await putRealm(realm, two, { [`priority.${two}`]: 'high' })
    expect(badly.status).toBe(400)
    expect((await described(realm))?.resolver.map(({ name }) => name)).toEqual([one])
  })

  it('that is not there cannot be deleted', async () => {
    const { status, error } = await call('DELETE', '/realm/none')
    expect(status).toBe(404)
    expect(error).toEqual({ code: 601, message: 'The requested Realm could not be found.' })
  })

  it('has its own person of a name that another realm has too', async () => {
    const realms = [fresh('left'), fresh('right')]
    const phones = []
    for (const realm of realms) {
      await call('POST', `/resolver/${realm}`, { type: 'local' })
      await putRealm(realm, realm)
      await d.person('Twin', { realm })
      phones.push(await d.device(`twin@${realm}`))
    }
    for (const [index, realm] of realms.entries()) {
      const asked = await d.payroll.ask({ user: 'TWIN', realm })
      const [open, ...more] = await phones[index]!.list()
      expect(more).toEqual([])
      await phones[index]!.approve(open!, asked.code)
      const foreign = { user: 'twin', realm: realms[1 - index]! }
      const stolen = await d.payroll.redeem(foreign, asked.transactionId)
      expect(stolen.envelope.result.value).toBe(false)
      const redeemed = await d.payroll.redeem({ user: 'twin', realm }, asked.transactionId)
      expect(redeemed.envelope.result.value).toBe(true)
    }
    expect((await call('DELETE', `/user/${realms[0]}/twin`)).status).toBe(200)
    expect(
      (await d.payroll.trigger({ user: 'twin', realm: realms[1]! })).envelope.result.value,
    ).toBe(1)
  })

  it('finds a name in the resolver of the lowest priority, and another as soon as that is said', async () => {
    const [one, two, realm] = [await newResolver(), await newResolver(), fresh('realm')]
    await putRealm(realm, [one, two], { [`priority.${one}`]: 2, [`priority.${two}`]: 1 })
    const ask = () => d.payroll.trigger({ user: 'both', realm })
    await call('POST', '/user/', { user: 'both', resolver: one })
    const first = await d.device(`both@${realm}`)
    expect((await ask()).envelope.detail?.serial).toBe(first.serial)
    // A person who stands before is who is meant from now on.
    await call('POST', '/user/', { user: 'BOTH', resolver: two })
    expect((await ask()).envelope.result.value).toBe(0)
    await putRealm(realm, [one, two], { [`priority.${one}`]: 1, [`priority.${two}`]: 2 })
    expect((await ask()).envelope.detail?.serial).toBe(first.serial)
  })

  it('costs no more to look for a person in than one statement, however many resolvers it has', async () => {
    const realm = fresh('many')
    const resolvers = []
    for (let index = 0; index < 5; index++) resolvers.push(await newResolver())
    await putRealm(realm, resolvers)
    const reader = (name: string) => d.payroll.trigger({ user: name, realm })
    await reader('nobody-here')
    const { cost } = await costOf(d, () => reader('nobody-there'))
    expect(cost.d1).toBeLessThanOrEqual(2)
  })
})

describe('a change of a realm', () => {
  it.each([
    ['that loses the resolver', (realm: string, other: string) => putRealm(realm, other)],
    ['that is deleted', (realm: string) => call('DELETE', `/realm/${realm}`)],
  ])('%s ends the open challenges of its people first', async (_what, change) => {
    const [resolver, other, realm] = [await newResolver(), await newResolver(), fresh('realm')]
    await putRealm(realm, resolver)
    const phones = []
    const asked = []
    for (const user of ['ann', 'ben', 'cyd']) {
      await call('POST', '/user/', { user, resolver })
      phones.push(await d.device(`${user}@${realm}`))
      asked.push(await d.payroll.ask({ user, realm }))
    }
    const [approved] = await phones[0]!.list()
    await phones[0]!.approve(approved!, asked[0]!.code)
    const bystander = await d.person(fresh('bystander'))
    const own = await d.device(bystander)
    await d.payroll.ask({ user: bystander })

    expect((await change(realm, other)).status).toBe(200)
    for (const [index, { transactionId }] of asked.entries()) {
      const { serial } = phones[index]!
      await expect(phones[index]!.list()).rejects.toThrow(DeviceRefused)
      const redeemed = await d.payroll.check({ serial, pass: '', transaction_id: transactionId })
      expect(redeemed.envelope.result.value).toBe(false)
    }
    expect((await d.payroll.trigger({ user: 'ann', realm })).envelope.result.error?.code).toBe(904)
    expect(await own.list()).toHaveLength(1)

    await putRealm(realm, [other, resolver])
    await d.payroll.ask({ user: 'ann', realm })
    expect(await phones[0]!.list()).toHaveLength(1)
  })

  it('is in force everywhere within a second', async () => {
    const time = clock()
    try {
      const [resolver, realm] = [await newResolver(), fresh('realm')]
      const elsewhere = await deployment()
      await putRealm(realm, resolver)
      await call('POST', '/user/', { user: 'eve', resolver })
      time.forward(1)
      const asked = () => elsewhere.payroll.trigger({ user: 'eve', realm })
      expect((await asked()).envelope.result.value).toBe(0)
      await call('DELETE', `/realm/${realm}`)
      time.forward(1)
      expect((await asked()).envelope.result.error?.code).toBe(904)
    } finally {
      time.stop()
    }
  })
})

describe('a person whom two realms know', () => {
  it('is another owner in each, and is gone from both at once', async () => {
    const [resolver, one, two] = [await newResolver(), fresh('one'), fresh('two')]
    await putRealm(one, resolver)
    await putRealm(two, resolver)
    await call('POST', '/user/', { user: 'fay', resolver })
    const phones = [await d.device(`fay@${one}`), await d.device(`fay@${two}`)]
    await d.payroll.ask({ user: 'fay', realm: one })
    expect(await phones[0]!.list()).toHaveLength(1)
    expect(await phones[1]!.list()).toEqual([])
    await call('DELETE', `/user/${resolver}/fay`)
    for (const phone of phones) await expect(phone.list()).rejects.toThrow(DeviceRefused)
  })
})

describe('a change that dies halfway', () => {
  it('is brought to its end for everyone whom it concerned', async () => {
    const deaf = new Proxy(env.COORDINATOR, {
      get(target, name) {
        const dead = { tokensChanged: () => Promise.reject(new Error('the request died')) }
        if (name === 'get') return () => dead
        const value = Reflect.get(target, name) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const dying = await deployment({ COORDINATOR: deaf })
    const [resolver, realm] = [await newResolver(), fresh('realm')]
    await putRealm(realm, resolver)
    const phones = []
    for (const user of ['gus', 'hal']) {
      await call('POST', '/user/', { user, resolver })
      phones.push(await d.device(`${user}@${realm}`))
      await d.payroll.ask({ user, realm })
    }
    expect((await dying.payroll.raw('DELETE', `/realm/${realm}`)).status).toBe(500)
    const trail = await call('GET', `/audit/?action=realm_delete&realm=${realm}`)
    expect(trail.value).toMatchObject({
      auditdata: [{ success: 0, info: '{"reason":"internal"}' }],
    })
    for (const phone of phones) expect(await phone.list()).toHaveLength(1)

    const time = clock()
    try {
      time.forward(31)
      await worker.scheduled(createScheduledController(), env)
      for (const phone of phones) await expect(phone.list()).rejects.toThrow(DeviceRefused)
      expect(await d.db.select().from(tokenChanges)).toEqual([])
    } finally {
      time.stop()
    }
    await putRealm(realm, resolver)
    await d.payroll.ask({ user: 'gus', realm })
    expect(await phones[0]!.list()).toHaveLength(1)
  })
})

describe('the default realm', () => {
  it('is one at most, and is who is meant by a name alone', async () => {
    const [resolver, realm] = [await newResolver(), fresh('realm')]
    await putRealm(realm, resolver)
    await call('POST', '/user/', { user: 'alone', resolver })
    await d.device(`alone@${realm}`)
    const asked = async () => (await d.payroll.trigger({ user: 'alone' })).envelope.result
    expect((await asked()).error?.code).toBe(904)
    expect((await call('POST', `/defaultrealm/${realm}`)).value).toBe(1)
    expect((await asked()).value).toBe(1)
    expect(Object.keys((await call('GET', '/defaultrealm')).value as object)).toEqual([realm])
    expect((await call('POST', '/defaultrealm/none')).status).toBe(404)
    expect(Object.keys((await call('GET', '/defaultrealm')).value as object)).toEqual([realm])
    expect((await call('DELETE', '/defaultrealm')).value).toBe(1)
    expect((await call('GET', '/defaultrealm')).value).toEqual({})
    expect((await asked()).error?.code).toBe(904)
    expect((await call('POST', '/defaultrealm/default')).value).toBe(1)
    expect((await d.payroll.trigger({ user: await d.person(fresh('back')) })).status).toBe(200)
  })
})
