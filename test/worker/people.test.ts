/** People of local resolvers: found by any pattern, made once, changed and deleted, and what that does to their open challenges. */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { people } from '../../schema/tables.ts'
import { lookUpWithTokens } from '../../worker/store/owner.ts'
import { lookUp } from '../../worker/store/people.ts'
import { DeviceRefused } from '../support/virtual-device.ts'
import { type Deployment, deployment } from './deployment.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})

type Row = Record<string, unknown> & { username: string; userid: string; resolver: string }

const query = (parameters: Record<string, string>) => `/user/?${new URLSearchParams(parameters)}`
const search = async (parameters: Record<string, string>) => {
  const { status, envelope } = await d.payroll.call('GET', query(parameters))
  expect(status).toBe(200)
  return { rows: envelope.result.value as Row[], detail: envelope.detail }
}
const names = async (parameters: Record<string, string>) =>
  (await search(parameters)).rows.map(({ username }) => username)
const post = (path: string, body: object) => d.payroll.call('POST', path, body)
const put = (body: object) => d.payroll.call('PUT', '/user/', body)
const remove = (resolver: string, user: string) =>
  d.payroll.call('DELETE', `/user/${encodeURIComponent(resolver)}/${encodeURIComponent(user)}`)

/** Names as somebody might choose them to break something. */
const hostile = [
  `o'hara"; drop table people; --`,
  '100%',
  'under_score',
  'star*name',
  'slash/name',
  '100%25',
  '<script>',
  '=cmd()',
  '__proto__',
  'Straße',
  'ÅNGSTRÖM',
  '李雷',
  'x'.repeat(255),
]

describe('a person', () => {
  it('is made in a resolver, with an id that stays, and found as they were made', async () => {
    const profile = {
      givenname: 'Alice',
      surname: 'Liddell',
      email: 'alice@example.org',
      phone: '+44 1',
      mobile: '+44 2',
      description: 'down the hole',
    }
    const made = await post('/user/', {
      user: 'Alice',
      resolver: 'local',
      password: 'p',
      ...profile,
    })
    expect(made.status).toBe(200)
    expect(made.envelope.id).toBe(1)
    const { rows, detail } = await search({ username: 'alice' })
    expect(detail).toBeUndefined()
    expect(rows).toEqual([
      {
        ...profile,
        editable: true,
        resolver: 'local',
        userid: made.envelope.result.value,
        username: 'Alice',
      },
    ])
    expect(JSON.stringify(rows)).not.toMatch(/password|hash/i)
  })

  it.each(hostile)(
    'may be called %s: made once, found, changed and deleted, and nobody else',
    async (user) => {
      const bystander = `bystander-${crypto.randomUUID()}`
      await d.person(bystander)
      expect((await post('/user/', { user, resolver: 'local' })).status).toBe(200)
      expect((await post('/user/', { user: user.toUpperCase(), resolver: 'local' })).status).toBe(
        user.toUpperCase().toLowerCase() === user.toLowerCase() ? 400 : 200,
      )
      const [found] = (await search({ resolver: 'local' })).rows.filter(
        (row) => row.username === user,
      )
      expect(found).toBeDefined()
      expect((await put({ user, resolver: 'local', surname: user })).status).toBe(200)
      expect((await search({ userid: found!.userid })).rows[0]).toMatchObject({ surname: user })
      expect((await remove('local', user)).envelope.result.value).toBe(true)
      expect(await names({ userid: found!.userid })).toEqual([])
      expect(await names({ username: bystander })).toEqual([bystander])
      const again = await remove('local', user)
      expect([again.status, again.envelope.result.error?.code]).toEqual([400, 904])
    },
  )

  it('is one in every letter case and every composition of their letters', async () => {
    await post('/user/', { user: 'Özgür', resolver: 'local' })
    for (const user of ['özgür', 'ÖZGÜR', 'Özgür'.normalize('NFD')]) {
      const again = await post('/user/', { user, resolver: 'local' })
      expect(again.envelope.result.error?.code).toBe(905)
      expect(await names({ username: user })).toEqual(['Özgür'])
    }
    expect(await names({ username: 'ÖZ*' })).toEqual(['Özgür'])
  })

  it.each([
    ['no name', {}],
    ['an empty name', { user: ' ' }],
    ['a backslash', { user: 'a\\b' }],
    ['a line break', { user: 'a\nb' }],
    ['more than 255 characters', { user: 'x'.repeat(256) }],
    ['a surname of more than 255 characters', { user: 'long', surname: 'x'.repeat(256) }],
    ['the name of a realm behind an @', { user: 'bob@default' }],
    ['a resolver that is not there', { user: 'lost', resolver: 'none' }],
    ['a realm that is not there', { user: 'lost', realm: 'none' }],
  ])('with %s is not made', async (_what, parameters) => {
    const { status, envelope } = await post('/user/', parameters)
    expect(status).toBe(400)
    expect(envelope.result.error?.message).toMatch(/^ERR90[45]: /)
    const user = `right-${crypto.randomUUID()}`
    expect((await post('/user/', { user })).status).toBe(200)
  })

  it('keeps their id, their devices and their open challenges under a new name', async () => {
    const user = await d.person('maiden', { email: '' })
    const phone = await d.device(user)
    const [{ userid } = { userid: '' }] = (await search({ username: user })).rows
    const before = await d.payroll.ask({ user })
    expect((await put({ user: 'married', userid, resolver: 'local' })).status).toBe(200)
    expect((await d.payroll.trigger({ user })).envelope.result.error?.code).toBe(904)
    const [open] = await phone.list()
    await phone.approve(open!, before.code)
    const redeemed = await d.payroll.redeem({ user: 'married' }, before.transactionId)
    expect(redeemed.envelope.result.value).toBe(true)
    await d.payroll.ask({ user: 'married' })
    expect((await phone.list())[0]?.claims.account).toBe('married')
  })

  it('does not get the name of another, and is not changed where they are not', async () => {
    const taken = await d.person('taken')
    const wanting = await d.person('wanting')
    const [{ userid } = { userid: '' }] = (await search({ username: wanting })).rows
    const refused = await put({ user: 'TAKEN', userid, resolver: 'local', surname: 'x' })
    expect(refused.status).toBe(400)
    expect((await search({ username: wanting })).rows[0]).toMatchObject({ surname: '' })
    for (const wrong of [
      { user: 'nobody-there', resolver: 'local' },
      { user: 'x', userid: 'nobody', resolver: 'local' },
      { user: taken, resolver: 'none' },
    ])
      expect((await put(wrong)).envelope.result.error?.code).toBe(904)
    expect((await put({ user: 'free', userid, resolver: 'local' })).status).toBe(200)
  })

  it('keeps what a change does not name, and loses what it names as empty', async () => {
    await post('/user/', { user: 'partly', surname: 'Part', phone: '1', email: 'a@b' })
    await put({ user: 'partly', resolver: 'local', email: '', phone: '2' })
    expect((await search({ username: 'partly' })).rows[0]).toMatchObject({
      surname: 'Part',
      phone: '2',
      email: '',
    })
  })
})

describe('a person who is deleted', () => {
  it('has no open challenge when the answer is there, and nobody inherits their device', async () => {
    const user = await d.person('leaver')
    const phone = await d.device(user)
    const approved = await d.payroll.ask({ user })
    const [open] = await phone.list()
    await phone.approve(open!, approved.code)
    const pending = await d.payroll.ask({ user })
    expect((await d.payroll.poll(approved.transactionId)).envelope.result.value).toBe(true)
    expect((await remove('local', user)).status).toBe(200)
    for (const { transactionId } of [approved, pending]) {
      expect((await d.payroll.poll(transactionId)).envelope).toMatchObject({
        detail: { challenge_status: 'declined' },
        result: { value: false },
      })
      const redeemed = await d.payroll.check({
        serial: phone.serial,
        pass: '',
        transaction_id: transactionId,
      })
      expect(redeemed.envelope.result.value).toBe(false)
    }
    await expect(phone.list()).rejects.toThrow(DeviceRefused)
    expect((await d.payroll.trigger({ user })).envelope.result.error?.code).toBe(904)

    await d.person(user)
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(0)
    await expect(phone.list()).rejects.toThrow(DeviceRefused)
    const next = await d.device(user)
    await d.payroll.ask({ user })
    expect(await next.list()).toHaveLength(1)
  })
})

describe('a search', () => {
  it('takes * for anything and every other character for itself', async () => {
    for (const user of ['like-100%', 'like-1000', 'like_x', 'likeyx', String.raw`like.b`])
      await d.person(user)
    expect(await names({ username: 'like*' })).toEqual([
      'like-100%',
      'like-1000',
      'like.b',
      'like_x',
      'likeyx',
    ])
    expect(await names({ username: 'like-100%' })).toEqual(['like-100%'])
    expect(await names({ username: '*100%*' })).toEqual(['like-100%'])
    expect(await names({ username: 'like_*' })).toEqual(['like_x'])
    expect(await names({ user: 'LIKE?x' })).toEqual([])
    expect(await names({ username: String.raw`like\*` })).toEqual([])
  })

  it.each([
    ['givenname', 'Grace', 'gra*'],
    ['surname', 'Hopper', '*PPER'],
    ['email', 'grace@navy.example', '*@NAVY.*'],
    ['phone', '+1 212', '+1 *'],
    ['mobile', '+1 555', '*555'],
    ['description', "it's a moth", `*'s a*`],
  ])('finds by %s', async (field, value, pattern) => {
    const user = await d.person(`by-${field}`, { [field]: value })
    expect(await names({ [field]: pattern })).toContain(user)
    expect(await names({ [field]: value })).toContain(user)
    expect(await names({ [field]: `${pattern}x` })).not.toContain(user)
    expect(await names({ [field]: pattern, username: 'someone else' })).toEqual([])
  })

  it('refuses a pattern that is longer than the database takes, and finds the longest name as it is', async () => {
    const user = await d.person('n'.repeat(255))
    const { status, envelope } = await d.payroll.call('GET', query({ username: `${user}*` }))
    expect(status).toBe(400)
    expect(envelope.result.error?.message).toContain("'username'")
    expect(await names({ username: user })).toEqual([user])
    expect(await names({ username: 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn*' })).toEqual([user])
  })

  it('gives only the attributes that are asked for', async () => {
    await d.person('few', { surname: 'Few' })
    const { rows } = await search({ username: 'few', attributes: 'username, surname, none' })
    expect(rows).toEqual([{ surname: 'Few', username: 'few' }])
  })

  it('pages through a thousand people, each once, in order', async () => {
    await d.newRealm('crowd')
    const crowd = Array.from({ length: 1003 }, (_, index) => {
      const username = `p${String(index).padStart(4, '0')}`
      return {
        id: `crowd-${index}`,
        customer: 'default',
        resolver: 'crowd',
        username,
        createdAt: 0,
      }
    })
    for (let from = 0; from < crowd.length; from += 7)
      await d.db
        .insert(people)
        .values(crowd.slice(from, from + 7).map((one) => ({ ...one, usernameKey: one.username })))
    const seen: string[] = []
    let page: number | null = 1
    while (page !== null) {
      const { rows, detail } = await search({ realm: 'crowd', page: `${page}`, pagesize: '100' })
      expect(detail).toMatchObject({
        count: 1003,
        current: page,
        prev: page === 1 ? null : page - 1,
      })
      seen.push(...rows.map(({ username }) => username))
      page = (detail as { next: number | null } | undefined)?.next ?? null
    }
    expect(seen).toEqual(crowd.map(({ username }) => username))
    expect(await names({ realm: 'crowd' })).toHaveLength(1003)
    expect((await search({ realm: 'crowd', page: '1' })).rows).toHaveLength(15)
    expect((await search({ realm: 'crowd', page: '999' })).rows).toEqual([])
    for (const wrong of ['0', '-1', '1.5', 'x', '']) {
      const { status } = await d.payroll.call('GET', query({ realm: 'crowd', page: wrong }))
      expect(status).toBe(400)
    }
  })
})

describe('the look-up of every cold login', () => {
  it.each([
    ['of a person', lookUp],
    ['of a person with their tokens', lookUpWithTokens],
  ])('%s takes an index at each step', async (_, built) => {
    const { sql, params } = built(env.DB).getQuery()
    const { results } = await env.DB.prepare(`explain query plan ${sql}`)
      .bind(...params.map(() => null))
      .all<{ detail: string }>()
    const steps = results.map(({ detail }) => detail)
    expect(steps.filter((step) => step.startsWith('SCAN'))).toEqual([])
    expect(steps.filter((step) => step.includes('people_by_name'))).toHaveLength(1)
    expect(steps.some((step) => /SEARCH realm_resolvers USING .*INDEX/.test(step))).toBe(true)
  })
})

describe('what is noted about a person', () => {
  const attribute = (parameters: Record<string, string>) =>
    d.payroll.call('GET', `/user/attribute?${new URLSearchParams(parameters)}`)

  it('is kept, read one by one or all at once, replaced and deleted', async () => {
    const user = await d.person('noted')
    const first = await post('/user/attribute', { user, key: 'hr', value: '1', type: 'number' })
    expect(first.envelope.result.value).toBeTypeOf('number')
    const second = await post('/user/attribute', { user, key: 'hr', value: '2' })
    expect(second.envelope.result.value).toBe(first.envelope.result.value)
    await post('/user/attribute', { user, realm: 'default', key: '__proto__', value: 'own' })
    await post('/user/attribute', { user, resolver: 'local', key: 'email', value: 'not theirs' })
    const all = (await attribute({ user })).envelope.result.value
    expect(Object.entries(all as object)).toEqual([
      ['__proto__', 'own'],
      ['email', 'not theirs'],
      ['hr', '2'],
    ])
    expect((await attribute({ user, key: 'hr' })).envelope.result.value).toBe('2')
    expect((await attribute({ user, key: 'none' })).envelope.result.value).toBeNull()

    const [row] = (await search({ username: user, realm: 'default' })).rows
    expect(row).toMatchObject({ hr: '2', email: '' })
    const bare = { username: user, realm: 'default', include_custom_attributes: 'False' }
    expect((await search(bare)).rows[0]).not.toHaveProperty('hr')

    const path = `/user/attribute/hr/${user}/default`
    expect((await d.payroll.call('DELETE', path)).envelope.result.value).toBe(1)
    expect((await d.payroll.call('DELETE', path)).envelope.result.value).toBe(0)
    expect((await attribute({ user, key: 'hr' })).envelope.result.value).toBeNull()
  })

  it('goes with the person', async () => {
    const user = await d.person('forgotten')
    await post('/user/attribute', { user, key: 'k', value: 'v' })
    await remove('local', user)
    expect((await attribute({ user })).envelope.result.error?.code).toBe(904)
    await d.person(user)
    expect((await attribute({ user })).envelope.result.value).toEqual({})
  })

  it.each([
    ['nobody', { key: 'k', value: 'v' }, 905],
    ['an unknown person', { user: 'ghost', key: 'k', value: 'v' }, 904],
    ['no key', { user: 'noted', value: 'v' }, 905],
    ['an empty key', { user: 'noted', key: ' ', value: 'v' }, 905],
    ['no value', { user: 'noted', key: 'k' }, 905],
    ['too long a value', { user: 'noted', key: 'k', value: 'v'.repeat(2001) }, 905],
  ])('is refused for %s', async (_what, body, code) => {
    expect((await post('/user/attribute', body)).envelope.result.error?.code).toBe(code)
    const user = await d.person(`noted-${crypto.randomUUID()}`)
    expect((await post('/user/attribute', { user, key: 'k', value: 'v' })).status).toBe(200)
  })
})
