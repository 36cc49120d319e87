/** Ways around: a policy evaded by another spelling, a wait forgiven by a wrong guess, a key not asked for, a network that is all. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Policy, valueOf } from '../../worker/policy/match.ts'
import { isNetwork } from '../../worker/policy/network.ts'
import { application } from '../support/application.ts'
import { type Deployment, deployment } from './deployment.ts'
import { otpSeed } from './seeds.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})

const messageOf = ({ envelope }: Awaited<ReturnType<Deployment['payroll']['call']>>) =>
  envelope.detail?.message

describe('guesses at a PIN', () => {
  it('are not forgiven because another token has none and takes the text for its code', async () => {
    const user = await d.person('two-kinds')
    await d.device(user, { pin: 'pin of the device' })
    const body = { user, type: 'totp', otpkey: otpSeed, otpkeyformat: 'hex', pin: '' }
    const made = await d.payroll.call('POST', '/token/init', body)
    expect(made.status).toBe(200)
    const gateway = await d.newApplication('Gateway', ['check', 'origin_claimed'])
    const asked = { user, client: '198.51.100.7' }
    const told: (string | undefined)[] = []
    for (let guess = 0; guess < 7; guess++)
      told.push(
        messageOf(
          await gateway.call('POST', '/validate/check', { ...asked, pass: `abcde${guess}` }),
        ),
      )
    expect(told.slice(0, 5)).toEqual(Array(5).fill('wrong otp value'))
    expect(told.at(-1)).toMatch(/^Too many wrong tries/)
  })
})

describe('a policy about a person', () => {
  it('is about them however their name is composed', () => {
    const policy: Policy = {
      id: 1,
      name: 'strict',
      scope: 'authentication',
      active: true,
      priority: 1,
      realm: [],
      resolver: [],
      user: ['jos\u00e9'],
      adminrealm: [],
      adminuser: [],
      client: [],
      time: '',
      action: { push_user_verification: true },
      description: '',
    }
    for (const user of ['jos\u00e9', 'jose\u0301', 'JOSE\u0301'])
      expect(
        valueOf([policy], 'authentication', 'push_user_verification', { user, nowMs: 0 }),
      ).toEqual({ value: true, policies: ['strict'] })
  })

  it('asks for a key where it is about their realm alone', async () => {
    const user = await d.person('guarded')
    const { envelope } = await d.payroll.call('GET', '/policy/hardening')
    const [{ action } = { action: {} }] = envelope.result.value as { action: object }[]
    const write = (realm: string) =>
      d.payroll.call('POST', '/policy/hardening', { scope: 'authentication', realm, action })
    const fetch: typeof d.fetch = (address, init) => {
      const headers = new Headers(init?.headers)
      headers.set('X-Forwarded-For', '203.0.113.9')
      return d.fetch(address, { ...init, headers })
    }
    const nobody = application({ url: d.server.origin, fetch })
    for (const realm of ['', 'default']) {
      await write(realm)
      const given = await nobody.call('POST', '/validate/check', { user, pass: 'x' })
      expect(given.status, `realm '${realm}'`).toBe(401)
    }
    await write('elsewhere')
    const heard = await nobody.call('POST', '/validate/check', { user, pass: 'x' })
    expect(heard.status).toBe(200)
    await write('')
  })
})

it('a network has one prefix: with two it would be wider than what was meant', () => {
  expect(isNetwork('10.0.0.0/8')).toBe(true)
  expect(isNetwork('10.0.0.0/0/8')).toBe(false)
})

describe('what names its way around a rule', () => {
  it('a check by serial is under the policies about the person whose token it is', async () => {
    const user = await d.person('serially')
    const phone = await d.device(user)
    await d.payroll.call('POST', '/policy/finger', {
      scope: 'authentication',
      realm: '',
      user,
      action: { push_user_verification: true },
    })
    const { envelope } = await d.payroll.call('POST', '/validate/triggerchallenge', {
      serial: phone.serial,
    })
    expect(envelope.result.value).toBe(0)
    await d.payroll.call('DELETE', '/policy/finger')
    const again = await d.payroll.call('POST', '/validate/triggerchallenge', {
      serial: phone.serial,
    })
    expect(again.envelope.result.value).toBe(1)
  })

  it('who may change tokens but not enrol gets no codes for a lost one', async () => {
    const phone = await d.device(await d.person('loser'))
    const keeper = await d.newApplication('Keeper', ['tokens', 'check'])
    const refused = await keeper.call('POST', `/token/lost/${phone.serial}`)
    expect([refused.status, refused.envelope.result.error?.code]).toEqual([403, 303])
    const helpdesk = await d.newApplication('Helpdesk', ['tokens', 'enrol'])
    expect((await helpdesk.call('POST', `/token/lost/${phone.serial}`)).status).toBe(200)
  })

  it('a session does not outlive its account, also where one of the same name comes after it', async () => {
    const admin = await d.newApplication(
      'Office',
      ['applications', 'trigger', 'settings'],
      'default',
    )
    await admin.call('POST', '/application/office', { name: 'Office' })
    const account = { username: 'returning', password: 'a long enough word', rights: 'trigger' }
    await admin.call('POST', '/application/office/account', account)
    const { envelope } = await admin.auth('returning', account.password)
    const session = admin.as({ token: (envelope.result.value as { token: string }).token })
    expect((await session.trigger({ user: 'nobody' })).status).toBe(400)
    await admin.call('DELETE', '/application/office/account/returning')
    await admin.call('POST', '/application/office/account', {
      ...account,
      rights: 'trigger,settings',
    })
    expect((await session.call('GET', '/policy/')).status).toBe(401)
    const again = await admin.auth('returning', account.password)
    const fresh = admin.as({ token: (again.envelope.result.value as { token: string }).token })
    expect((await fresh.call('GET', '/policy/')).status).toBe(200)
  })
})
