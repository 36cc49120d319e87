/** Two customers of one deployment, in one database and in two: each works whole, and neither is anything to the other. */
import { until } from '../support/until.ts'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { application } from '../support/application.ts'
import { enrol } from '../support/virtual-device.ts'
import { type OneCustomer, firstCustomer, login, newCustomer, signIn } from './customer.ts'
import { type Deployment, adminPassword, deployment, origin } from './deployment.ts'
import { phoneBox } from './phone-box.ts'

const where = [
  ['in one database', 0],
  ['in two databases', 1],
] as const

describe.each(where)('two customers %s', (_, database) => {
  let d: Deployment
  let ours: OneCustomer
  let theirs: OneCustomer
  beforeAll(async () => {
    d = await deployment(database === 1 ? { DB_1: env.DB_1 } : {})
    ours = await firstCustomer(d)
    theirs = await newCustomer(d, { id: `acme-${database}`, name: 'Acme', database })
  })
  const both = () => [ours, theirs]
  const named = (name: string) => `${name}-${database}`

  it('enrol, ask, answer and redeem, each for themselves; a name is two people', async () => {
    const user = named('bob')
    const phones = await Promise.all(
      both().map(async (customer) => {
        await customer.person(user)
        return customer.device(user)
      }),
    )
    for (const [at, customer] of both().entries()) {
      const asked = await customer.payroll.ask({ user })
      expect(await phones[1 - at]!.list()).toEqual([])
      const [open] = await phones[at]!.list()
      await phones[at]!.approve(open!, asked.code)
      const redeemed = await customer.payroll.redeem({ user }, asked.transactionId)
      expect(redeemed.envelope.result.authentication).toBe('ACCEPT')
      await phones[at]!.rename('Tablet')
      const { envelope } = await customer.payroll.call('GET', `/token/?user=${user}`)
      const { tokens } = envelope.result.value as { tokens: { serial: string }[] }
      expect(tokens.map(({ serial }) => serial)).toEqual([phones[at]!.serial])
    }
  })

  it('have their own trail, with what devices did in it', async () => {
    const user = named('tracy')
    for (const customer of both()) {
      await customer.person(user)
      const phone = await customer.device(user)
      await login(customer, user, phone)
      await phone.leave()
      const told = async () => {
        const { envelope } = await customer.payroll.call('GET', `/audit/?serial=${phone.serial}`)
        const { auditdata } = envelope.result.value as { auditdata: { action: string }[] }
        return auditdata.map(({ action }) => action)
      }
      const actions = await until('the trail', async () => {
        const now = await told()
        return now.includes('redeem') && now
      })
      for (const action of ['enrolment_begin', 'enrolment_finish', 'leave'])
        expect(actions).toContain(action)
    }
  })

  it('find nothing of each other by a name, a serial, a transaction, a policy, a person or the trail', async () => {
    const user = named('carol')
    // R is no digit of those that we draw: no serial of ours begins so.
    const serial = `PIPURCAROL${database}`
    await theirs.person(user)
    const begun = await theirs.payroll.initToken({ user, serial })
    const phone = await enrol(d.server, { invitation: begun.envelope.detail!.enrolment_url! })
    const asked = await theirs.payroll.ask({ user })
    const policy = { scope: 'user', realm: '', action: { delete: true } }
    await theirs.administrator.call('POST', '/policy/theirs', policy)
    await theirs.administrator.call('POST', '/application/secret', { name: 'Secret' })

    const { payroll, administrator } = ours
    const said = async (call: Promise<{ status: number; envelope: unknown }>) =>
      JSON.stringify(Object.values(await call))
    for (const path of [
      // First, because what is asked is recorded too.
      '/audit/',
      '/token/',
      `/token/?serial=${serial}`,
      `/token/?user=${user}`,
      '/token/challenges/',
      '/user/',
      '/policy/',
      '/application/',
      `/audit/?serial=${serial}`,
      '/delivery/',
    ]) {
      const found = await said(administrator.call('GET', path))
      for (const name of [user, serial, asked.transactionId, '"theirs"', 'Secret', 'Acme'])
        expect([path, name, found.replace(path, '').includes(name)]).toEqual([path, name, false])
    }
    expect((await payroll.trigger({ user })).status).toBe(400)
    expect((await payroll.call('POST', '/validate/triggerchallenge', { serial })).envelope).toEqual(
      expect.objectContaining({ result: expect.objectContaining({ value: 0 }) }),
    )
    for (const [path, body] of [
      ['/token/disable', { serial }],
      ['/token/revoke', { serial }],
      ['/token/assign', { serial, user: 'carol' }],
      ['/token/init', { serial, type: 'push', genkey: 1 }],
      ['/validate/cancel', { transaction_id: asked.transactionId }],
      ['/validate/resend', { transaction_id: asked.transactionId }],
    ] as const) {
      const { status } = await administrator.call('POST', path, body)
      expect([path, status >= 400 || path === '/token/init']).toEqual([path, true])
      expect([path, (await payroll.call('POST', path, body)).status]).not.toEqual([path, 500])
    }
    const redeemed = await payroll.redeem({ user }, asked.transactionId)
    expect(redeemed.envelope.result.authentication ?? 'none').not.toBe('ACCEPT')
    await ours.person(user)
    const again = await payroll.redeem({ user }, asked.transactionId)
    expect(again.envelope.result.authentication).toBe('REJECT')
    expect((await administrator.call('DELETE', '/policy/theirs')).status).toBe(404)

    const [open] = await phone.list()
    await phone.approve(open!, asked.code)
    const right = await theirs.payroll.redeem({ user }, asked.transactionId)
    expect(right.envelope.result.authentication).toBe('ACCEPT')
  })

  it('give sessions that are worth nothing for the other', async () => {
    const people = async (call: { envelope: { result: { value?: unknown } } }) =>
      (call.envelope.result.value as { username: string }[]).map(({ username }) => username)
    await ours.person(named('only-ours'))
    await theirs.person(named('only-theirs'))
    for (const [customer, own, other] of [
      [ours, named('only-ours'), named('only-theirs')],
      [theirs, named('only-theirs'), named('only-ours')],
    ] as const) {
      const headers = { 'Countersign-Customer': customer === ours ? theirs.id : 'default' }
      const found = await people(
        await customer.administrator.call('GET', '/user/', undefined, { headers }),
      )
      expect(found).toContain(own)
      expect(found).not.toContain(other)
    }
    // Claims that say another customer, or another database, are none of ours.
    const [header, payload, signature] = theirs.token.split('.')
    const claims = JSON.parse(atob(payload!.replaceAll('-', '+').replaceAll('_', '/')))
    for (const spoilt of [{ customer: 'default' }, { database: 7 }, { database: 0 }]) {
      const forged = btoa(JSON.stringify({ ...claims, ...spoilt })).replace(/=+$/, '')
      const token = [header, forged, signature].join('.')
      const { status } = await ours.payroll.as({ token }).call('GET', '/user/')
      expect(status).toBe(401)
    }
    expect((await theirs.administrator.call('GET', '/user/')).status).toBe(200)
  })

  it('sign people in by the customer that is named, and no other', async () => {
    const password = 'a long password'
    await theirs.person('dora', { password })
    const role = ({ envelope }: Awaited<ReturnType<typeof signIn>>) =>
      (envelope.result.value as { role?: string } | undefined)?.role
    const stranger = application({ url: origin, fetch: d.fetch })
    expect((await stranger.auth('dora', password)).status).toBe(401)
    expect((await signIn(d, 'default', 'dora', password)).status).toBe(401)
    expect(role(await signIn(d, theirs.id, 'dora', password))).toBe('user')
    const unknown = await signIn(d, 'nobody-is', 'dora', password)
    expect(unknown.status).toBe(401)
    expect(unknown.envelope.result.error?.message).toContain('nobody-is')
    expect((await stranger.auth('admin', adminPassword)).status).toBe(200)
  })

  it('enrol by a typed code', async () => {
    for (const customer of both()) {
      const user = await customer.person(named('typist'))
      const { code, serial } = await customer.payroll.invite({ user })
      const device = await enrol(d.server, { invitation: code })
      expect(device.serial).toBe(serial)
      await login(customer, user, device)
    }
  })

  it("obey their own settings, at the edge and in their owners' objects", async () => {
    const user = named('plain')
    for (const customer of both()) await customer.person(user)
    const phones = [await ours.device(user), await theirs.device(user)] as const
    const { envelope } = await theirs.administrator.call('GET', '/policy/hardening')
    const [now] = envelope.result.value as { action: object }[]
    const typed = (push_typed_code: number) => ({
      scope: 'authentication',
      realm: '',
      action: { ...now!.action, push_typed_code },
    })
    await theirs.administrator.call('POST', '/policy/hardening', typed(0))
    const asked = await theirs.payroll.trigger({ user })
    expect(asked.envelope.detail?.presence_answer).toBeUndefined()
    const [open] = await phones[1].list()
    await phones[1].approve(open!)
    const id = asked.envelope.detail!.transaction_id!
    const redeemed = await theirs.payroll.redeem({ user }, id)
    expect(redeemed.envelope.result.authentication).toBe('ACCEPT')
    expect(await login(ours, user, phones[0])).toHaveLength(60)
    await theirs.administrator.call('POST', '/policy/hardening', typed(1))
  })

  it('have stock phones, which say in their address whose they are', async () => {
    for (const customer of both()) {
      const box = await phoneBox({ ...d, payroll: customer.payroll, person: customer.person })
      const { user, phone } = await box.phone({ serial: `PIPU000${database}` + customer.id.length })
      const { pathname } = new URL(phone.link.url)
      expect(pathname).toBe(customer === ours ? '/ttype/push' : `/ttype/push/${customer.id}`)
      const { transactionId, challenge, detail } = await box.asked(user, phone)
      expect(challenge.url).toBe(phone.link.url)
      await phone.presence(challenge, detail.presence_answer!)
      expect(await box.redeemed(user, transactionId)).toBe(true)
      await box.enrolments(null)
    }
    const lost = await d.fetch('/ttype/push/nobody-is?serial=x&timestamp=y&signature=z')
    expect(lost.status).toBe(401)
  })

  it('have networks, sources and keys of their own', async () => {
    const wrong = await application({ url: origin, fetch: d.fetch, apiKey: '7.abc_def' }).call(
      'GET',
      '/user/',
    )
    expect(wrong.status).toBe(401)
    const { envelope } = await theirs.administrator.call('GET', '/application/')
    const listed = envelope.result.value as { id: string; keys: { id: string }[] }[]
    const [key] = listed.find(({ id }) => id === theirs.payrollId)?.keys ?? []
    expect(key?.id.startsWith(`${database}.`)).toBe(database === 1)
    const gone = await ours.administrator.call(
      'DELETE',
      `/application/${theirs.payrollId}/key/${key!.id}`,
    )
    expect(gone.status).toBe(404)
    expect((await theirs.payroll.call('GET', '/user/')).status).toBe(200)
  })
})
