/** People at POST /auth: what they are told, what they may do with it, and that it is about themselves and nobody else. */
import { beforeAll, describe, expect, it } from 'vitest'
import { contract } from '../../schema/contract.ts'
import { everyRight } from '../../worker/policy/rights.ts'
import { type Application, application } from '../support/application.ts'
import { type Deployment, adminPassword, deployment, origin } from './deployment.ts'

const password = 'a quiet word'
let d: Deployment
let admin: Application
let nobody: Application
beforeAll(async () => {
  d = await deployment()
  nobody = application({ url: origin, fetch: d.fetch })
  await d.newRealm('other')
  admin = await signedIn('admin', adminPassword)
  for (const user of ['anna', 'bert', 'admin']) await d.person(user, { password })
  await d.person('anna', { realm: 'other', password: 'another word' })
  await d.set({ selfServiceFactor: 0 })
}, 30_000)

type Value = Record<string, unknown> & { token: string }
async function signIn(username: string, word = password, more: object = {}) {
  const body = { username, password: word, ...more }
  const { status, envelope } = await nobody.call('POST', '/auth', body)
  return { status, envelope, value: envelope.result.value as Value }
}
async function signedIn(username: string, word = password, more: object = {}) {
  const { status, value } = await signIn(username, word, more)
  if (status !== 200) throw new Error(`${username}: ${status}`)
  return application({ url: origin, fetch: d.fetch, token: value.token })
}
const errorOf = async (reply: ReturnType<Application['call']>) => {
  const { status, envelope } = await reply
  return [status, envelope.result.error?.code, envelope.result.error?.message]
}
const policy = (name: string, scope: string, action: string, more: object = {}) =>
  admin.call('POST', `/policy/${name}`, { scope, action, realm: '', ...more })
const hotp = (user: string, more: object = {}) =>
  d.payroll.initToken({ user, type: 'hotp', genkey: 1, ...more })
const serialsOf = async (who: Application, query = '') => {
  const { envelope } = await who.call('GET', `/token/${query}`)
  const { tokens } = envelope.result.value as { tokens: { serial: string }[] }
  return tokens.map(({ serial }) => serial).toSorted()
}

/** As a real server answered, with the type of each. */
const recorded = {
  ...{ auth: 'boolean', log_level: 'number', menus: 'object', realm: 'string', rights: 'object' },
  ...{ role: 'string', token: 'string', username: 'string', logout_time: 'number' },
  ...{ audit_page_size: 'number', token_page_size: 'number', user_page_size: 'number' },
  ...{ policy_template_url: 'string', default_tokentype: 'string' },
  ...{ default_container_type: 'string', user_details: 'boolean', token_wizard: 'boolean' },
  ...{ token_wizard_2nd: 'boolean', admin_dashboard: 'boolean', dialog_no_token: 'boolean' },
  ...{ search_on_enter: 'boolean', timeout_action: 'string', token_rollover: 'object' },
  ...{ hide_welcome: 'boolean', hide_buttons: 'boolean', deletion_confirmation: 'boolean' },
  ...{ show_seed: 'boolean', show_node: 'string', subscription_status: 'number' },
  ...{ subscription_status_push: 'number', qr_image_android: 'object', qr_image_ios: 'object' },
  ...{ qr_image_custom: 'object', logout_redirect_url: 'string', require_description: 'object' },
  ...{ rss_age: 'number', container_wizard: 'object' },
}

describe('POST /auth of a person', () => {
  it('answers what a real server answers, field by field', async () => {
    for (const name of ['anna', 'admin']) {
      const { status, envelope, value } = await signIn(
        name,
        name === 'anna' ? password : adminPassword,
      )
      expect([status, envelope.id, envelope.result.authentication]).toEqual([200, 2, 'ACCEPT'])
      const { advice: _, ...told } = value
      const types = Object.entries(told).map(([key, one]) => [key, typeof one])
      expect(Object.fromEntries(types)).toEqual(recorded)
    }
    const { value } = await signIn('anna')
    expect(value).toMatchObject({ role: 'user', username: 'anna', realm: 'default' })
    expect(value['rights']).toEqual(expect.arrayContaining(['assign', 'disable', 'enable']))
    expect(value['menus']).toEqual(['audit', 'users', 'tokens'])
    const claims = JSON.parse(atob(value.token.split('.')[1] ?? '')) as object
    expect(claims).toMatchObject({ role: 'user', username: 'anna', realm: 'default' })
  })

  it('finds the realm in every spelling, and the password is that of the realm', async () => {
    for (const [name, word, more] of [
      ['anna@other', 'another word', {}],
      [String.raw`OTHER\anna`, 'another word', {}],
      ['Anna', 'another word', { realm: 'other' }],
    ] as const) {
      const { value } = await signIn(name, word, more)
      expect(value).toMatchObject({ username: 'anna', realm: 'other', role: 'user' })
      expect((await signIn(name, password, more)).status).toBe(401)
    }
  })

  it('means the account, whatever realm is asked for, and behind it the person of that name', async () => {
    expect((await signIn('admin', adminPassword)).value['role']).toBe('admin')
    expect((await signIn('admin')).value['role']).toBe('user')
    expect((await signIn('admin', password, { realm: 'default' })).value['role']).toBe('user')
    // The Java client sends the realm of its people along with its account.
    const value = (await signIn('admin', adminPassword, { realm: 'default' })).value
    expect(value).toMatchObject({ role: 'admin', realm: '' })
    const wrong = await signIn('admin', 'neither of them', { realm: 'default' })
    expect([wrong.status, wrong.envelope.result.error?.code]).toEqual([401, 4031])
  })

  it('lets nobody in without a password of their own', async () => {
    await d.person('blank')
    for (const word of ['', 'x'])
      expect(
        await errorOf(nobody.call('POST', '/auth', { username: 'blank', password: word })),
      ).toEqual([401, 4031, 'Authentication failure. Wrong credentials'])
    expect((await signIn('bert')).status).toBe(200)
  })

  it('counts the tries at one person whatever they are called', async () => {
    await d.person('counted', { password })
    const edge = application({ url: origin, fetch: (await deployment({ LISTENER: '' })).fetch })
    const names = ['counted', 'COUNTED', 'counted@default', String.raw`default\counted`]
    const headers = { 'CF-Connecting-IP': '203.0.113.7' }
    const statuses: number[] = []
    for (let n = 0; n < 6; n++) {
      const body = { username: names[n % names.length], password: 'wrong' }
      statuses.push((await edge.call('POST', '/auth', body, { headers })).status)
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
    expect((await signIn('counted')).status).toBe(200)
  })
})

describe('the session of a person', () => {
  it('enrols, lists and changes their own tokens, whomever it names', async () => {
    const anna = await signedIn('anna')
    const made = await anna.call('POST', '/token/init', { type: 'hotp', user: 'bert', genkey: 1 })
    const serial = made.envelope.detail?.serial ?? ''
    const berts = (await hotp('bert')).envelope.detail?.serial ?? ''
    const others = (await hotp('anna', { realm: 'other' })).envelope.detail?.serial ?? ''
    expect(await serialsOf(anna)).toEqual([serial])
    for (const query of [`?serial=${berts}`, '?user=bert', '?username=*', '?user=*&realm=other'])
      expect([[], [serial]]).toContainEqual(await serialsOf(anna, query))
    for (const foreign of [berts, others])
      for (const act of ['disable', 'setpin', 'unassign', 'lost', 'description'])
        expect(
          (
            await errorOf(
              anna.call('POST', `/token/${act}`, { serial: foreign, pin: '1', description: 'x' }),
            )
          ).slice(0, 2),
        ).toEqual([404, 601])
    expect((await errorOf(anna.call('DELETE', `/token/${berts}`))).slice(0, 2)).toEqual([404, 601])
    const all = await anna.call('POST', '/token/disable', { user: 'bert' })
    expect(all.envelope.result.value).toBe(1)
    const listed = await d.payroll.token(berts)
    expect(listed.envelope.result.value).toMatchObject({ tokens: [{ active: true }] })
    expect((await anna.call('DELETE', `/token/${serial}`)).envelope.result.value).toBe(1)
  })

  it('takes no token that somebody has, and one that nobody has', async () => {
    const bert = await signedIn('bert')
    const annas = (await hotp('anna')).envelope.detail?.serial ?? ''
    expect((await bert.call('POST', '/token/assign', { serial: annas })).status).toBe(400)
    const loose = await d.payroll.initToken({ type: 'hotp', genkey: 1 })
    const serial = loose.envelope.detail?.serial ?? ''
    const taken = await bert.call('POST', '/token/assign', { serial, user: 'anna' })
    expect(taken.envelope.result.value).toBe(true)
    expect(await serialsOf(bert)).toContain(serial)
  })

  it('sees itself among people and in the trail, and nobody else, even where a name is a pattern', async () => {
    await d.person('*', { password })
    const star = await signedIn('*')
    const { envelope } = await star.call('GET', '/user/')
    expect(envelope.result.value).toMatchObject([{ username: '*' }])
    const trail = (await star.call('GET', '/audit/?user=anna')).envelope.result.value as {
      auditdata: { user: string }[]
    }
    expect(trail.auditdata.length).toBeGreaterThan(0)
    expect(new Set(trail.auditdata.map(({ user }) => user))).toEqual(new Set(['*']))
    expect(await serialsOf(star)).toEqual([])
  })

  it('is no application, and no administrator: 4306 on every route that is not about oneself', async () => {
    const anna = await signedIn('anna')
    const words = [
      401,
      4306,
      "Authentication failure. You do not have the necessary role (['admin']) to access this resource!",
    ]
    const own =
      /^(GET|POST|DELETE) .(token(.(init|enable|disable|revoke|reset|resync|setpin|setrandompin|description|lost|assign|unassign)(.:serial)?|.:serial)?|user|audit)$/
    const routes = contract.filter(({ who }) =>
      [...everyRight, 'known', 'login'].some((one) => one === who),
    )
    const open: string[] = []
    for (const { method, path } of routes) {
      const address = path.replaceAll(/:\w+/g, 'x').replace('/audit/x', '/audit/x.csv')
      const got = await errorOf(
        anna.call(method, address, method === 'GET' ? undefined : {}),
      ).catch(() => [])
      if (got[1] !== 4306) open.push(`${method} ${path}`)
      else expect(got).toEqual(words)
      const stranger = await nobody.raw(method, address, method === 'GET' ? undefined : {})
      expect([method, path, stranger.status]).toEqual([method, path, 401])
    }
    expect(open.filter((name) => !own.test(name))).toEqual([])
    expect(open.length).toBeGreaterThan(20)
    const check = await errorOf(anna.check({ user: 'anna', pass: '' }))
    expect(check).toEqual(words)
  })

  it('ends with the person, and is not that of who comes after them', async () => {
    await d.person('passing', { password })
    const passing = await signedIn('passing')
    expect(await serialsOf(passing)).toEqual([])
    await admin.call('DELETE', '/user/local/passing')
    await d.person('passing', { password })
    expect((await errorOf(passing.call('GET', '/token/'))).slice(0, 2)).toEqual([401, 4304])
    expect(await serialsOf(await signedIn('passing'))).toEqual([])
  })
})

describe('policies of scope user', () => {
  it('leave everything open where there is none, and only what they grant where there is one', async () => {
    const bert = await signedIn('bert')
    const serial = (await hotp('bert')).envelope.detail?.serial ?? ''
    await policy('self', 'user', 'disable, enrollTOTP', { user: 'bert', resolver: 'local' })
    const denied = (action: string) =>
      `User actions are defined, but the action ${action} is not allowed!`
    expect(await errorOf(bert.call('DELETE', `/token/${serial}`))).toEqual([
      403,
      303,
      denied('delete'),
    ])
    expect(await errorOf(bert.call('POST', '/token/init', { type: 'hotp', genkey: 1 }))).toEqual([
      403,
      303,
      'User actions are defined, you are not allowed to enroll this token type!',
    ])
    expect(await errorOf(bert.call('GET', '/audit/'))).toEqual([403, 303, denied('auditlog')])
    expect((await bert.call('POST', '/token/disable', { serial })).status).toBe(200)
    expect((await bert.call('POST', '/token/init', { type: 'totp', genkey: 1 })).status).toBe(200)
    const rights = await bert.call('GET', '/auth/rights')
    expect(Object.keys(rights.envelope.result.value as object)).toEqual(['totp'])
    expect((await signIn('bert')).value).toMatchObject({ rights: ['enrollTOTP', 'disable'] })
    const anna = await signedIn('anna')
    expect(await errorOf(anna.call('POST', '/token/disable', {}))).toEqual([
      403,
      303,
      denied('disable'),
    ])
    await admin.call('DELETE', '/policy/self')
    expect((await bert.call('DELETE', `/token/${serial}`)).status).toBe(200)
    expect(
      Object.keys((await anna.call('POST', '/auth/rights')).envelope.result.value as object),
    ).toEqual(['hotp', 'passkey', 'push', 'recovery', 'totp'])
  })
})

describe('a policy about a resolver', () => {
  it('is about the people of that resolver', async () => {
    for (const realm of ['default', 'other'])
      await d.payroll.initToken({ user: 'anna', realm, type: 'hotp', genkey: 1 })
    await policy('words', 'authentication', 'challenge_text=Hello', { resolver: 'other' })
    const asked = async (realm: string) =>
      (await d.payroll.trigger({ user: 'anna', realm })).envelope.detail?.message
    expect(await asked('other')).toBe('Hello')
    expect(await asked('default')).not.toContain('Hello')
    await admin.call('DELETE', '/policy/words')
    expect(await asked('other')).not.toContain('Hello')
  })
})

describe('hardening', () => {
  it('asks who has a device for it, and lets a password alone only look', async () => {
    await d.set({ selfServiceFactor: 1 })
    await d.person('hard', { password })
    const bare = await signedIn('hard')
    expect((await bare.call('GET', '/token/')).status).toBe(200)
    const refused = await errorOf(bare.call('POST', '/token/init', { type: 'push' }))
    expect(refused.slice(0, 2)).toEqual([403, 303])
    const phone = await d.device('hard')
    const asked = await signIn('hard')
    expect([asked.status, asked.value, asked.envelope.result.authentication]).toEqual([
      200,
      false,
      'CHALLENGE',
    ])
    const { transaction_id: id = '', presence_answer: code } = asked.envelope.detail ?? {}
    const again = () => signIn('hard', '', { transaction_id: id })
    expect((await again()).status).toBe(401)
    await phone.approve((await phone.list())[0]!, code)
    // Nobody else's name, and no application, gets anything for it.
    expect((await signIn('anna', '', { transaction_id: id })).status).toBe(401)
    expect((await d.payroll.redeem({ user: 'hard' }, id)).envelope.result.value).toBe(false)
    await d.set({ apiKeyRequired: 0 })
    expect((await nobody.redeem({ user: 'hard' }, id)).envelope.result.value).toBe(false)
    await d.set({ apiKeyRequired: 1 })
    const { value } = await again()
    const hard = application({ url: origin, fetch: d.fetch, token: value.token })
    expect(
      (await hard.call('POST', '/token/description', { serial: phone.serial, description: 'Mine' }))
        .status,
    ).toBe(200)
    expect((await again()).status).toBe(401)
    await d.set({ selfServiceFactor: 0 })
  })
})
