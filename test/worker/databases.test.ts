/** Customers in a database of their own: what is where, what it costs, and that each way into it needs no look-up. */
import { until } from '../support/until.ts'
import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { getTableColumns, getTableName, sql } from 'drizzle-orm'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import * as tables from '../../schema/tables.ts'
import { databaseOf } from '../../worker/crypto/owner.ts'
import type { OwnerId } from '../../worker/crypto/sealed-id.ts'
import worker from '../../worker/index.ts'
import { application } from '../support/application.ts'
import { enrol } from '../support/virtual-device.ts'
import { type OneCustomer, firstCustomer, login, newCustomer, signIn } from './customer.ts'
import { type Deployment, adminPassword, clock, costOf, deployment, origin } from './deployment.ts'
import { ofTests } from './statements.ts'

describe('two databases', () => {
  let d: Deployment
  let ours: OneCustomer
  let theirs: OneCustomer
  let time: ReturnType<typeof clock> | undefined
  beforeAll(async () => {
    d = await deployment({ DB_1: env.DB_1 })
    ours = await firstCustomer(d)
    theirs = await newCustomer(d, { id: 'globex', name: 'Globex', database: 1 })
  })
  afterEach(() => time?.stop())
  const first = drizzle(ofTests(env.DB))
  const second = drizzle(ofTests(env.DB_1!))

  it('hold nothing of each other, wherever a customer is written down', async () => {
    const user = await theirs.person('whole')
    const phone = await theirs.device(user)
    await login(theirs, user, phone)
    await until('the receipt', async () => (await second.select().from(tables.receipts)).length > 0)
    const names = Object.values(tables)
      .filter((table) => 'customer' in getTableColumns(table))
      .map(getTableName)
    expect(names.length).toBeGreaterThan(12)
    const count = (db: typeof first, name: string, customer: string) =>
      db.get<{ n: number }>(
        sql`select count(*) as n from ${sql.identifier(name)} where customer = ${customer}`,
      )
    const filled: string[] = []
    for (const name of names) {
      expect([name, (await count(first, name, 'globex')).n]).toEqual([name, 0])
      expect([name, (await count(second, name, 'default')).n]).toEqual([name, 0])
      if ((await count(second, name, 'globex')).n > 0) filled.push(name)
    }
    expect(filled).toEqual(
      expect.arrayContaining(['people', 'tokens', 'audit', 'receipts', 'policies', 'api_keys']),
    )
    const epochs = sql`select value from epochs`
    expect(await second.all(epochs)).not.toEqual([])
  })

  it('may hold tokens of one serial and applications of one name, and neither is taken for the other', async () => {
    const serial = 'PIPUSAME0001'
    const phones = []
    for (const customer of [ours, theirs]) {
      const user = await customer.person('same')
      const { envelope } = await customer.payroll.initToken({ user, serial })
      phones.push(await enrol(d.server, { invitation: envelope.detail!.enrolment_url! }))
    }
    const asked = await theirs.payroll.ask({ user: 'same' })
    // Both applications are called payroll.
    expect((await ours.payroll.cancel(asked.transactionId)).status).toBe(404)
    expect((await ours.payroll.resend(asked.transactionId)).status).toBe(404)
    const mistaken = await ours.payroll.check({
      user: 'same',
      pass: '',
      state: asked.transactionId,
    })
    expect(mistaken.envelope.result.authentication).toBe('REJECT')
    await ours.payroll.call('POST', '/token/disable', { serial })
    await expect(phones[0]!.list()).rejects.toThrow('device_retired')
    expect(await phones[1]!.list()).toHaveLength(1)
    expect((await theirs.payroll.cancel(asked.transactionId)).status).toBe(200)
  })

  it('are both cleaned by the minute’s work, one after the other', async () => {
    const user = await theirs.person('ida')
    const phone = await theirs.device(user)
    const read = sql<{ ownerId: string }>`select owner_id as ownerId from tokens`
    const { ownerId } = await second.get<{ ownerId: OwnerId }>(
      sql`${read} where serial = ${phone.serial}`,
    )
    expect(databaseOf(ownerId)).toBe(1)
    // As requests leave it that died after their commits; one did not know the customer.
    await second.run(sql`update tokens set active = 0 where serial = ${phone.serial}`)
    await second.insert(tables.tokenChanges).values({ mark: 'dead', ownerId, customer: '', at: 0 })
    await second.delete(tables.serverKeys)
    await worker.scheduled(createScheduledController(), env)
    await expect(phone.list()).rejects.toThrow('device_retired')
    expect(await second.select().from(tables.tokenChanges)).toEqual([])
    expect(
      (await second.select().from(tables.serverKeys)).map(({ customer }) => customer),
    ).toContain('globex')
    expect(
      (await first.select().from(tables.serverKeys)).map(({ customer }) => customer),
    ).not.toContain('globex')
  })

  it('cost the same: a warm cycle is four calls of the object and no statement', async () => {
    time = clock()
    for (const customer of [ours, theirs]) {
      const user = await customer.person('thrifty')
      const phone = await customer.device(user)
      await login(customer, user, phone)
      const { cost } = await costOf(d, () => login(customer, user, phone))
      expect(cost).toEqual({ d1: 0, objects: 4 })
      const { given, cost: triggered } = await costOf(d, () => customer.payroll.ask({ user }))
      expect(triggered).toEqual({ d1: 0, objects: 1 })
      expect((await costOf(d, () => customer.payroll.poll(given.transactionId))).cost).toEqual({
        d1: 0,
        objects: 1,
      })
    }
  })

  it('are found by a key, a session and a device without asking the first one', async () => {
    time = clock()
    const user = await theirs.person('direct')
    const phone = await theirs.device(user)
    const asked: string[] = []
    const watched = new Proxy(env.DB, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown
        if (name === 'prepare')
          return (query: string) => {
            asked.push(query)
            return target.prepare(query)
          }
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const isolate = await deployment({ DB: watched, DB_1: env.DB_1 })
    asked.length = 0
    const again = { url: origin, fetch: isolate.fetch }
    const bySession = application({ ...again, token: theirs.token })
    expect((await bySession.call('GET', '/user/?username=direct')).status).toBe(200)
    const byKey = await newKeyOf(theirs, isolate)
    await login({ payroll: byKey }, user, phone)
    expect(asked).toEqual([])
    // A bare name is looked up there.
    await signIn(isolate, 'globex', 'admin', adminPassword)
    expect(asked.join()).toContain('customers')
  })
})

async function newKeyOf(customer: OneCustomer, isolate: Deployment) {
  const rights = 'trigger,check'
  const path = `/application/${customer.payrollId}/key`
  const { envelope } = await customer.administrator.call('POST', path, { rights })
  const { api_key: apiKey } = envelope.result.value as { api_key: string }
  return application({ url: origin, fetch: isolate.fetch, apiKey })
}
