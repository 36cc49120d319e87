/** Policies of scope admin: who may do what to whom. Without one everything is allowed, with one only what is granted. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Application, application } from '../support/application.ts'
import { type Deployment, adminPassword, deployment, origin } from './deployment.ts'

const password = 'a long and quiet password'
let d: Deployment
let admin: Application
let helper: Application
let nobody: Application
beforeAll(async () => {
  d = await deployment()
  nobody = application({ url: origin, fetch: d.fetch })
  await d.newRealm('sales')
  admin = await signedIn('admin', adminPassword)
  const body = { username: 'helper', password, role: 'admin' }
  await admin.call('POST', '/application/default/account', body)
  helper = await signedIn('helper', password)
  await d.person('anna')
  await d.person('sam', { realm: 'sales' })
}, 30_000)
/** The superuser's own stays: without it nobody could take the others away. */
afterEach(async () => {
  for (const name of [...written]) await admin.call('DELETE', `/policy/${name}`)
  await admin.call('DELETE', '/policy/super')
  written.clear()
})

async function signedIn(username: string, word: string) {
  const { envelope } = await nobody.call('POST', '/auth', { username, password: word })
  const { token } = envelope.result.value as { token: string }
  return application({ url: origin, fetch: d.fetch, token })
}
const written = new Set<string>()
const everything = async () => {
  const { envelope } = await admin.call('GET', '/policy/defs/admin')
  const flags = Object.entries(envelope.result.value as Record<string, { type: string }>)
  return flags.filter(([, { type }]) => type === 'bool').map(([name]) => name)
}
async function policies(all: Record<string, object>) {
  const put = (name: string, more: object) =>
    admin.call('POST', `/policy/${name}`, { scope: 'admin', realm: '', ...more })
  expect(
    (await put('super', { adminuser: 'admin', action: (await everything()).join(', ') })).status,
  ).toBe(200)
  for (const [name, more] of Object.entries(all)) {
    written.add(name)
    expect((await put(name, more)).status).toBe(200)
  }
}
const denied = (action: string) => [
  403,
  303,
  `Admin actions are defined, but the action ${action} is not allowed!`,
]
const errorOf = async (reply: ReturnType<Application['call']>) => {
  const { status, envelope } = await reply
  return [status, envelope.result.error?.code, envelope.result.error?.message]
}
const hotp = async (user: string, realm: string) =>
  (await d.payroll.initToken({ user, realm, type: 'hotp', genkey: 1 })).envelope.detail?.serial ??
  ''

describe('policies of scope admin', () => {
  it('grant what they name to whom they name, and nothing else to anybody', async () => {
    expect((await helper.call('GET', '/policy/')).status).toBe(200)
    await policies({ help: { adminuser: 'helper', action: 'disable, auditlog, enrollHOTP' } })
    const serial = await hotp('anna', 'default')
    expect((await helper.call('POST', '/token/disable', { serial })).status).toBe(200)
    expect((await helper.call('GET', '/audit/')).status).toBe(200)
    for (const [method, path, action] of [
      ['POST', `/token/enable/${serial}`, 'enable'],
      ['DELETE', `/token/${serial}`, 'delete'],
      ['POST', '/token/setpin', 'setpin'],
      ['POST', '/user/', 'adduser'],
      ['GET', '/user/', 'userlist'],
      ['GET', '/policy/', 'policyread'],
      ['POST', '/policy/mine', 'policywrite'],
      ['DELETE', '/policy/super', 'policydelete'],
      ['POST', '/policy/disable/super', 'policywrite'],
      ['GET', '/system/', 'configread'],
      ['POST', '/system/setConfig', 'configwrite'],
      ['POST', '/resolver/x', 'resolverwrite'],
      ['GET', '/audit/audit.csv', 'auditlog_download'],
      ['POST', '/application/default/account', 'configwrite'],
      ['POST', '/validate/triggerchallenge', 'triggerchallenge'],
    ] as const)
      expect(
        await errorOf(
          helper.call(method, path, method === 'GET' ? undefined : { user: 'anna', realm: '' }),
        ),
      ).toEqual(denied(action))
    expect(await errorOf(helper.initToken({ type: 'totp' }))).toEqual([
      403,
      303,
      'Admin actions are defined, but you are not allowed to enroll this token type!',
    ])
    expect((await helper.initToken({ type: 'hotp', user: 'anna' })).status).toBe(200)
    const rights = await helper.call('GET', '/auth/rights')
    expect(Object.keys(rights.envelope.result.value as object)).toEqual(['hotp'])
    await admin.call('DELETE', '/policy/help')
    expect(await errorOf(helper.call('POST', '/token/disable', { serial }))).toEqual(
      denied('disable'),
    )
    await admin.call('DELETE', '/policy/super')
    expect((await helper.call('POST', '/token/enable', { serial })).status).toBe(200)
  })

  it.each([
    ['realm', { realm: 'sales' }],
    ['resolver', { resolver: 'sales' }],
    ['user', { user: 'sam' }],
    ['everybody but', { user: '-anna, *' }],
  ])('are about the people of their %s, whether named or by their token', async (_what, about) => {
    await policies({
      help: { adminuser: 'helper', action: 'disable, enrollHOTP, triggerchallenge', ...about },
    })
    const [theirs, others] = [await hotp('sam', 'sales'), await hotp('anna', 'default')]
    expect(await errorOf(helper.call('POST', '/token/disable', { serial: others }))).toEqual(
      denied('disable'),
    )
    expect(await errorOf(helper.call('POST', `/token/disable/${others}`))).toEqual(
      denied('disable'),
    )
    // A name beside the serial changes nothing of whose it is.
    const hidden = { serial: others, user: 'sam', realm: 'sales' }
    expect(await errorOf(helper.call('POST', '/token/disable', hidden))).toEqual(denied('disable'))
    expect(await errorOf(helper.call('POST', '/token/disable', { user: 'anna' }))).toEqual(
      denied('disable'),
    )
    expect((await helper.initToken({ type: 'hotp', user: 'anna' })).status).toBe(403)
    expect(await errorOf(helper.trigger({ user: 'anna' }))).toEqual(denied('triggerchallenge'))
    expect((await helper.call('POST', '/token/disable', { serial: theirs })).status).toBe(200)
    expect(
      (await helper.call('POST', '/token/disable', { user: 'sam', realm: 'sales' })).status,
    ).toBe(200)
    expect((await helper.initToken({ type: 'hotp', user: 'sam@sales' })).status).toBe(200)
    expect((await helper.trigger({ user: 'sam', realm: 'sales' })).status).toBe(200)
  })

  it('show lists of their realms only', async () => {
    const [theirs, others] = [await hotp('sam', 'sales'), await hotp('anna', 'default')]
    await policies({ help: { adminuser: 'helper', action: 'tokenlist, userlist', realm: 'sales' } })
    const serials = async (query = '') => {
      const { envelope } = await helper.call('GET', `/token/?pagesize=1000${query}`)
      return (envelope.result.value as { tokens: { serial: string }[] }).tokens.map(
        (one) => one.serial,
      )
    }
    expect(await serials()).toContain(theirs)
    expect(await serials()).not.toContain(others)
    expect(await serials(`&serial=${others}`)).toEqual([])
    expect(await serials('&realm=default')).toEqual([])
    const people = async (query = '') =>
      (
        (await helper.call('GET', `/user/${query}`)).envelope.result.value as { username: string }[]
      ).map((one) => one.username)
    expect(await people()).toEqual(['sam'])
    for (const query of ['?realm=default', '?resolver=local', '?username=anna'])
      expect(await people(query)).toEqual([])
    await policies({ help: { adminuser: 'helper', action: 'disable' } })
    expect(await serials()).toEqual([])
    expect(await errorOf(helper.call('GET', '/user/'))).toEqual(denied('userlist'))
  })

  it('hold only from their networks, in their time, and for administrators of their realm', async () => {
    const serial = await hotp('anna', 'default')
    for (const never of [
      { client: '192.0.2.0/24' },
      { adminrealm: 'head office' },
      { active: false },
    ]) {
      await policies({ help: { adminuser: 'helper', action: 'disable', ...never } })
      expect(await errorOf(helper.call('POST', '/token/disable', { serial }))).toEqual(
        denied('disable'),
      )
    }
    await policies({ help: { adminuser: 'helper', action: 'disable', client: '' } })
    expect((await helper.call('POST', '/token/disable', { serial })).status).toBe(200)
    const wrong = { scope: 'authentication', realm: '', action: 'push_wait=3', adminuser: 'helper' }
    expect((await admin.call('POST', '/policy/wrong', wrong)).status).toBe(400)
  })

  it('limit a service account or a key beside its rights, where they name it', async () => {
    const body = { username: 'gateway', password, rights: 'trigger,tokens' }
    await admin.call('POST', '/application/default/account', body)
    const gateway = await signedIn('gateway', password)
    const serial = await hotp('anna', 'default')
    await policies({ help: { adminuser: 'helper', action: 'disable' } })
    // Nobody spoke of it: its rights are its limit, as those of a key.
    expect((await gateway.trigger({ user: 'anna' })).status).toBe(200)
    expect((await d.payroll.trigger({ user: 'anna' })).status).toBe(200)
    await policies({
      gate: { adminuser: 'gateway', action: 'triggerchallenge, enable', realm: 'sales' },
    })
    expect(await errorOf(gateway.trigger({ user: 'anna' }))).toEqual(denied('triggerchallenge'))
    expect((await gateway.trigger({ user: 'sam', realm: 'sales' })).status).toBe(200)
    expect(await errorOf(gateway.call('POST', '/token/disable', { serial }))).toEqual(
      denied('disable'),
    )
    // A policy gives no right that it lacks.
    await policies({ gate: { adminuser: 'gateway', action: 'policyread, disable' } })
    expect((await gateway.call('GET', '/policy/')).status).toBe(403)
    expect((await gateway.call('POST', '/token/disable', { serial })).status).toBe(200)
  })
})
