/** Administrators who have a device: signing in with it, and dangerous acts that need a fresh approval of exactly that act. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Application, type Reply, application } from '../support/application.ts'
import { type VirtualDevice, enrol } from '../support/virtual-device.ts'
import { type Deployment, adminPassword, clock, deployment, origin } from './deployment.ts'

const password = 'a long and quiet password'
let d: Deployment
let nobody: Application
/** Without a device, to arrange things. */
let plain: Application
beforeAll(async () => {
  d = await deployment()
  nobody = application({ url: origin, fetch: d.fetch })
  plain = as(await sessionOf('admin', adminPassword))
  await d.person('anna')
}, 30_000)

let time: ReturnType<typeof clock> | null = null
afterEach(() => {
  time?.stop()
  time = null
})

const as = (token: string) => application({ url: origin, fetch: d.fetch, token })
const signIn = (username: string, word: string, more: object = {}) =>
  nobody.call('POST', '/auth', { username, password: word, ...more })
const sessionOf = async (username: string, word: string): Promise<string> =>
  ((await signIn(username, word)).envelope.result.value as { token: string }).token
const errorOf = ({ status, envelope }: Reply) => [status, envelope.result.error?.code]

let made = 0
async function newAdministrator() {
  const username = `root${++made}`
  const body = { username, password, role: 'admin' }
  const { status, envelope } = await plain.call('POST', '/application/default/account', body)
  if (status !== 200) throw new Error(JSON.stringify(envelope))
  return { username, before: as(await sessionOf(username, password)) }
}
async function deviceFor(who: Application, account: string): Promise<VirtualDevice> {
  const begun = await who.call('POST', '/token/init', { type: 'push', account })
  const invitation = begun.envelope.detail?.enrolment_url
  if (!invitation) throw new Error(JSON.stringify(begun.envelope))
  return enrol(d.server, { invitation, deviceName: 'Root phone' })
}
/** Approves what the answer asks for, and gives its transaction. */
async function approve(phone: VirtualDevice, { envelope }: Reply): Promise<string> {
  const { transaction_id: id = '', presence_answer: code } = envelope.detail ?? {}
  await phone.approve((await phone.list())[0]!, code)
  return id
}
/** An administrator with a device, signed in by it. */
async function guardedOne() {
  const { username, before } = await newAdministrator()
  const phone = await deviceFor(before, username)
  const id = await approve(phone, await signIn(username, password))
  const { envelope } = await signIn(username, '', { transaction_id: id })
  const root = as((envelope.result.value as { token: string }).token)
  return { username, before, phone, root }
}
const newToken = async () =>
  (await d.payroll.initToken({ user: 'anna', type: 'hotp', genkey: 1 })).envelope.detail?.serial ??
  ''
const withApproval = (id: string) => ({ headers: { 'Countersign-Approval': id } })

describe('an administrator without a device', () => {
  it('works by the password, and each answer says that this should change', async () => {
    const { envelope } = await signIn('admin', adminPassword)
    expect(envelope.result.value).toMatchObject({
      advice: expect.stringContaining('password alone'),
    })
    expect((await plain.call('DELETE', `/token/${await newToken()}`)).status).toBe(200)
  })
})

describe('an administrator with a device', () => {
  it('gets a session only with an approved transaction, once, and for nobody else', async () => {
    const { username, before } = await newAdministrator()
    const phone = await deviceFor(before, username)
    const asked = await signIn(username, password)
    expect([asked.status, asked.envelope.result]).toMatchObject([
      200,
      { value: false, authentication: 'CHALLENGE', status: true },
    ])
    const { transaction_id: id = '' } = asked.envelope.detail ?? {}
    expect(asked.envelope.detail).toMatchObject({ multi_challenge: [{ serial: phone.serial }] })
    const [challenge] = await phone.list()
    expect(challenge?.claims).toMatchObject({ text: `Sign in as ${username}`, account: username })
    const again = (name = username, word = '') => signIn(name, word, { transaction_id: id })
    expect(errorOf(await again())).toEqual([401, 4031])
    await approve(phone, asked)
    expect(errorOf(await again('admin', adminPassword))).toEqual([401, 4031])
    expect(errorOf(await signIn(username, 'wrong'))).toEqual([401, 4031])
    expect((await d.payroll.redeem({ user: 'anna' }, id)).envelope.result.value).toBe(false)
    const { envelope } = await again(username, password)
    expect(envelope.result.value).toMatchObject({ auth: true, role: 'admin', username })
    expect(envelope.result.value).not.toHaveProperty('advice')
    expect(errorOf(await again())).toEqual([401, 4031])
  })

  it('is not let in by a decline, nor by a device that is locked', async () => {
    const { username, phone } = await guardedOne()
    const asked = await signIn(username, password)
    await phone.decline((await phone.list())[0]!)
    const { transaction_id: id = '' } = asked.envelope.detail ?? {}
    expect(errorOf(await signIn(username, '', { transaction_id: id }))).toEqual([401, 4031])
    for (let n = 0; n < 10; n++) {
      await signIn(username, password)
      for (const one of await phone.list()) await phone.approve(one, '0000')
    }
    expect(errorOf(await signIn(username, password))).toEqual([403, 303])
    expect((await plain.call('POST', `/token/reset/${phone.serial}`)).status).toBe(200)
    const id2 = await approve(phone, await signIn(username, password))
    expect((await signIn(username, '', { transaction_id: id2 })).status).toBe(200)
  })

  it('cannot be rung or logged in by an application, by name or by serial', async () => {
    const { username, phone } = await guardedOne()
    expect(errorOf(await d.payroll.trigger({ user: username }))).toEqual([400, 904])
    const bySerial = await d.payroll.call('POST', '/validate/triggerchallenge', {
      serial: phone.serial,
    })
    expect(bySerial.envelope.result.value).toBe(0)
    expect(errorOf(await d.payroll.check({ serial: phone.serial, pass: '' }))).toEqual([404, 601])
    const keys = await d.newApplication('Keys')
    for (const [method, path] of [
      ['DELETE', `/token/${phone.serial}`],
      ['POST', `/token/disable/${phone.serial}`],
      ['GET', `/token/challenges/${phone.serial}`],
    ] as const)
      expect(errorOf(await keys.call(method, path))).toEqual([404, 601])
    const assigned = await plain.call('POST', '/token/assign', {
      serial: phone.serial,
      user: 'anna',
    })
    expect(errorOf(assigned)).toEqual([404, 601])
    expect(await phone.list()).toEqual([])
  })

  it('enrols for themselves only, and another device with the first', async () => {
    const { username, root, phone } = await guardedOne()
    const begin = (who: Application, more = {}) =>
      who.call('POST', '/token/init', { type: 'push', account: username }, more)
    const keys = await d.newApplication('Enrols')
    for (const who of [plain, keys]) expect(errorOf(await begin(who))).toEqual([403, 303])
    const asked = await begin(root)
    expect(errorOf(asked)).toEqual([403, 303])
    const id = await approve(phone, asked)
    const { envelope } = await begin(root, withApproval(id))
    const second = await enrol(d.server, {
      invitation: envelope.detail?.enrolment_url ?? '',
      deviceName: 'Second',
    })
    await approve(second, await signIn(username, password))
  })
})

describe('a dangerous act', () => {
  it('is told to the device in words, done once with its approval, and never without', async () => {
    const { root, phone } = await guardedOne()
    const serial = await newToken()
    const path = `/token/${serial}`
    const asked = await root.call('DELETE', path)
    expect(errorOf(asked)).toEqual([403, 303])
    expect(asked.envelope.detail).toMatchObject({ act: `Delete token ${serial}` })
    const [challenge] = await phone.list()
    expect(challenge?.claims).toMatchObject({
      title: 'Administration',
      text: `Delete token ${serial}`,
    })
    const id = asked.envelope.detail?.transaction_id ?? ''
    expect(errorOf(await root.call('DELETE', path, undefined, withApproval(id)))).toEqual([
      403, 303,
    ])
    await approve(phone, asked)
    const other = await newToken()
    const { root: stranger } = await guardedOne()
    for (const [who, address] of [
      [root, `/token/${other}`],
      [stranger, path],
    ] as const)
      expect(errorOf(await who.call('DELETE', address, undefined, withApproval(id)))).toEqual([
        403, 303,
      ])
    expect(errorOf(await root.call('DELETE', path, undefined, withApproval('x')))).toEqual([
      403, 303,
    ])
    const done = await root.call('DELETE', path, undefined, withApproval(id))
    expect(done.envelope.result.value).toBe(1)
    expect(errorOf(await root.call('DELETE', path, undefined, withApproval(id)))).toEqual([
      403, 303,
    ])
    const trail = await plain.call('GET', `/audit/?serial=${serial}&action=token_delete`)
    expect(JSON.stringify(trail.envelope.result.value)).toContain(phone.serial)
  })

  it('is bound to every parameter, and good for five minutes', async () => {
    time = clock()
    const { root, phone } = await guardedOne()
    const weaker = { scope: 'authentication', realm: '', action: 'otppin=none' }
    const write = (body: object, more = {}) => root.call('POST', '/policy/weaker', body, more)
    const id = await approve(phone, await write(weaker))
    const changed = { ...weaker, action: 'passOnNoUser' }
    expect(errorOf(await write(changed, withApproval(id)))).toEqual([403, 303])
    time.forward(301)
    expect(errorOf(await write(weaker, withApproval(id)))).toEqual([403, 303])
    const fresh = await approve(phone, await write(weaker))
    time.forward(290)
    expect((await write({ ...weaker, approval: fresh })).status).toBe(200)
    await plain.call('DELETE', '/policy/weaker')
  })

  it.each([
    ['DELETE', '/user/local/nobody'],
    ['DELETE', '/realm/nowhere'],
    ['DELETE', '/resolver/nowhere'],
    ['DELETE', '/policy/hardening'],
    ['POST', '/policy/disable/hardening'],
    ['DELETE', '/application/payroll'],
    ['POST', '/application/default/key'],
    ['POST', '/application/default/account'],
    ['POST', '/system/setConfig'],
    ['GET', '/audit/audit.csv'],
    ['POST', '/token/load'],
  ])('%s %s is one', async (method, path) => {
    const { root, phone } = await guardedOne()
    if (path === '/application/default/account' || path.includes('payroll'))
      await plain.call('POST', '/application/payroll', { name: 'Payroll' })
    const asked = await root.call(method, path, method === 'GET' ? undefined : {})
    expect([errorOf(asked), asked.envelope.detail?.transaction_id?.length]).toEqual([
      [403, 303],
      60,
    ])
    expect(await phone.list()).toHaveLength(1)
  })

  it('is not what reads, nor what takes a leaked key back', async () => {
    const { root } = await guardedOne()
    for (const path of ['/token/', '/policy/', '/audit/', '/user/', '/application/'])
      expect((await root.call('GET', path)).status).toBe(200)
    expect(errorOf(await root.call('DELETE', '/application/default/key/none'))).toEqual([404, 601])
  })

  it('is also what weakens another administrator', async () => {
    const { root, phone } = await guardedOne()
    const { phone: others, username } = await guardedOne()
    const disable = (more = {}) => root.call('POST', `/token/disable/${others.serial}`, {}, more)
    const id = await approve(phone, await disable())
    expect((await disable(withApproval(id))).status).toBe(200)
    expect((await signIn(username, password)).envelope.result.value).toHaveProperty('advice')
  })
})

describe('administrators', () => {
  it('are made by administrators only, and belong to no other application', async () => {
    const keys = await d.newApplication('Makers')
    const service = { username: 'svc', password, rights: 'applications,settings,people' }
    await plain.call('POST', '/application/default/account', service)
    const svc = as(await sessionOf('svc', password))
    const body = { username: 'usurper', password, role: 'admin' }
    await plain.call('POST', '/application/elsewhere', { name: 'Elsewhere' })
    for (const [who, path] of [
      [keys, '/application/default/account'],
      [svc, '/application/default/account'],
      [plain, '/application/elsewhere/account'],
    ] as const)
      expect([400, 403]).toContain((await who.call('POST', path, body)).status)
    expect((await signIn('usurper', password)).status).toBe(401)
    expect((await plain.call('POST', '/application/default/account', body)).status).toBe(200)
    expect((await signIn('usurper', password)).envelope.result.value).toMatchObject({
      role: 'admin',
    })
    const listed = await plain.call('GET', '/application/')
    expect(JSON.stringify(listed.envelope)).toContain('usurper')
  })

  it('are removed with their devices and sessions, and the last one is not', async () => {
    const { username, root, phone } = await guardedOne()
    expect(
      errorOf(await d.payroll.call('DELETE', `/application/default/account/${username}`)),
    ).toEqual([403, 303])
    expect((await plain.call('DELETE', `/application/default/account/${username}`)).status).toBe(
      200,
    )
    expect(errorOf(await root.call('GET', '/policy/'))).toEqual([401, 4304])
    expect((await plain.token(phone.serial)).envelope.result.value).toMatchObject({ count: 0 })
    const { envelope } = await plain.call('GET', '/application/')
    const all = envelope.result.value as {
      id: string
      accounts: { username: string; role: string }[]
    }[]
    const others = all
      .flatMap(({ accounts }) => accounts)
      .filter(({ role, username: name }) => role === 'admin' && name !== 'admin')
    for (const { username: name } of others)
      expect((await plain.call('DELETE', `/application/default/account/${name}`)).status).toBe(200)
    const last = await plain.call('DELETE', '/application/default/account/admin')
    expect(errorOf(last)).toEqual([403, 303])
    const { username: next } = await newAdministrator()
    expect((await plain.call('DELETE', `/application/default/account/${next}`)).status).toBe(200)
  })

  it('change their password with the old one, and sessions of the old one end', async () => {
    const { username, before } = await newAdministrator()
    const change = (body: object, more = {}) => before.call('POST', '/auth/password', body, more)
    const wanted = 'another quiet password'
    expect(errorOf(await change({ password: 'wrong', new_password: wanted }))).toEqual([401, 4031])
    expect(errorOf(await change({ password, new_password: 'short' }))).toEqual([400, 905])
    expect(errorOf(await nobody.call('POST', '/auth/password', { password }))).toEqual([401, 4033])
    expect((await change({ password, new_password: wanted })).status).toBe(200)
    expect(errorOf(await before.call('GET', '/policy/'))).toEqual([401, 4304])
    expect((await signIn(username, password)).status).toBe(401)
    expect((await signIn(username, wanted)).status).toBe(200)
  })
})
