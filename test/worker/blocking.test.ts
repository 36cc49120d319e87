/** Logins that cannot poll: a check that waits for the device, the status alone for gateways, and what policies have both sides say. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, deployment } from './deployment.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})
const write = async (name: string, action: object) => {
  const { status, envelope } = await d.payroll.call('POST', `/policy/${name}`, {
    scope: 'authentication',
    realm: '',
    action,
  })
  if (status !== 200) throw new Error(JSON.stringify(envelope))
}
afterEach(async () => {
  for (const name of ['waiting', 'words']) await d.payroll.call('DELETE', `/policy/${name}`)
})

let people = 0
async function someone() {
  const user = await d.person(`waiting${++people}`)
  return { user, phone: await d.device(user, { pin: '4711' }) }
}

/** The one question that is open, once it is there. */
async function question(phone: VirtualDevice) {
  for (;;) {
    const [challenge] = await phone.list()
    if (challenge) return challenge
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('push_wait', () => {
  it('answers the check when the device has answered, with plain approve', async () => {
    await write('waiting', { push_wait: 20 })
    const { user, phone } = await someone()
    const checking = d.payroll.check({ user, pass: '4711' })
    const challenge = await question(phone)
    expect(challenge.claims.match).toBe('none')
    await phone.approve(challenge)
    const { envelope } = await checking
    expect(envelope.result).toMatchObject({ value: true, authentication: 'ACCEPT' })
    expect(envelope.detail).toMatchObject({
      message: 'matching 1 tokens',
      serial: phone.serial,
      type: 'push',
    })
  })

  it('ends at once with DECLINED where the person declines', async () => {
    await write('waiting', { push_wait: 20 })
    const { user, phone } = await someone()
    const startedAt = Date.now()
    const checking = d.payroll.check({ user, pass: '4711' })
    await phone.decline(await question(phone))
    expect((await checking).envelope.result).toMatchObject({
      value: false,
      authentication: 'DECLINED',
    })
    expect(Date.now() - startedAt).toBeLessThan(10_000)
  })

  it('rejects when its time is over, which counts as no failure; the next login works', async () => {
    await write('waiting', { push_wait: 1 })
    const { user, phone } = await someone()
    const { envelope } = await d.payroll.check({ user, pass: '4711' })
    expect(envelope.result).toMatchObject({ value: false, authentication: 'REJECT' })
    expect(envelope.detail?.message).toBe('wrong otp value')
    const token = (await d.payroll.token(phone.serial)).envelope.result.value as {
      tokens: { failcount: number }[]
    }
    expect(token.tokens[0]?.failcount).toBe(0)
    await d.payroll.call('DELETE', '/policy/waiting')
    const next = await d.payroll.check({ user, pass: '4711' })
    expect(next.envelope.result.authentication).toBe('CHALLENGE')
  })

  it('is not for triggerchallenge, which answers at once', async () => {
    await write('waiting', { push_wait: 20 })
    const { user } = await someone()
    expect((await d.payroll.ask({ user })).code).toHaveLength(4)
  })
})

describe('radiuscheck', () => {
  const radius = async (body: object) => {
    const response = await d.payroll.raw('POST', '/validate/radiuscheck', body)
    return [response.status, await response.text()]
  }

  it('says 204 for accepted and 400 for the rest, with an empty body', async () => {
    const { user, phone } = await someone()
    expect(await radius({ user, pass: 'wrong' })).toEqual([400, ''])
    const asked = await d.payroll.ask({ user })
    expect(await radius({ user, pass: '', transaction_id: asked.transactionId })).toEqual([400, ''])
    await phone.approve(await question(phone), asked.code)
    expect(await radius({ user, pass: '', transaction_id: asked.transactionId })).toEqual([204, ''])
    expect(await radius({ user, pass: '', transaction_id: asked.transactionId })).toEqual([400, ''])
  })

  it('waits for the device where the policy lets it', async () => {
    await write('waiting', { push_wait: 20 })
    const { user, phone } = await someone()
    const checking = radius({ user, pass: '4711' })
    await phone.approve(await question(phone))
    expect(await checking).toEqual([204, ''])
  })

  it('redeems for nobody who has left, where the runtime tells; the approval stays good', async () => {
    const { user, phone } = await someone()
    const { transactionId, code } = await d.payroll.ask({ user })
    const body = { user, pass: '', state: transactionId }
    const patience = new AbortController()
    const left = d.payroll.raw('POST', '/validate/radiuscheck', body, { signal: patience.signal })
    const challenge = await question(phone)
    await new Promise((resolve) => setTimeout(resolve, 200))
    patience.abort()
    expect((await left).status).toBe(400)
    await phone.approve(challenge, code)
    expect(await radius(body)).toEqual([204, ''])
  })
})

describe('words', () => {
  it('of policies stand on the device and at the login, with their tags filled in', async () => {
    await write('words', {
      push_text_on_mobile: 'Sign in {user} of {realm}?',
      push_title_on_mobile: 'Payroll',
      push_challenge_text: 'Type {presence_answer}, {username}. {unknown}',
    })
    const { user, phone } = await someone()
    const asked = await d.payroll.ask({ user })
    expect(asked.message).toBe(`Type ${asked.code}, ${user}. {unknown}`)
    const { claims } = await question(phone)
    expect(claims.title).toBe('Payroll')
    expect(claims.text).toBe(`Sign in ${user} of default?`)
  })
})

describe('what else is asked', () => {
  it('capabilities: an application that is known is told, a stranger is not', async () => {
    const known = await d.payroll.call('GET', '/validate/capabilities')
    expect(known.envelope.result.value).toEqual({
      capabilities: ['push', 'totp', 'hotp', 'recovery', 'passkey'],
    })
    const unknown = await d.fetch('/validate/capabilities')
    expect(unknown.status).toBe(401)
  })

  it('initialize: begins with a passkey and with nothing else', async () => {
    const asked = (type: string) => d.payroll.call('POST', '/validate/initialize', { type })
    const { status, envelope } = await asked('webauthn')
    expect(status).toBe(400)
    expect(envelope.result.error).toEqual({
      code: 905,
      message: "ERR905: Parameter 'type' must be passkey",
    })
    expect((await asked('passkey')).envelope.result.authentication).toBe('CHALLENGE')
  })

  it('a trigger for a serial that is no token’s: 200 and 0, as on the wire', async () => {
    const { status, envelope } = await d.payroll.call('POST', '/validate/triggerchallenge', {
      serial: 'PIPU404',
    })
    expect([status, envelope.result.value]).toEqual([200, 0])
    const { phone } = await someone()
    const right = await d.payroll.call('POST', '/validate/triggerchallenge', {
      serial: phone.serial,
    })
    expect(right.envelope.result.value).toBe(1)
  })
})
