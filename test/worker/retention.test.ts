/** What logins leave behind leaves the database again: after the days that are set, by whole days, into the archive where there is one. */
import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { publicHalf, verify } from '../../schema/jws.ts'
import { ReceiptClaims, typ } from '../../schema/signing.ts'
import { audit, customers, deliveries, receipts, settings } from '../../schema/tables.ts'
import type { Env } from '../../worker/env.ts'
import worker from '../../worker/index.ts'
import { fadeRecords } from '../../worker/record/fade.ts'
import { nextNumber } from '../../worker/record/number.ts'
import { inTurn } from '../../worker/store/databases.ts'
import { until } from '../support/until.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { pushBox } from './push-box.ts'

const day = 86_400
const noon = Date.UTC(2027, 0, 10, 12)
const startAt = noon / 1000

let d: Deployment
let time: ReturnType<typeof clock>
const bucket = (env as unknown as { ARCHIVE: R2Bucket }).ARCHIVE
const without = { ...env, ARCHIVE: undefined } as unknown as Env
const archiving = env as unknown as Env

beforeEach(async () => {
  time = clock()
  time.toMs(noon)
  d = await deployment()
  await d.db.batch([
    d.db.delete(audit),
    d.db.delete(deliveries),
    d.db.delete(receipts),
    d.db.delete(settings),
  ])
  for (const { key } of (await bucket.list()).objects) await bucket.delete(key)
})
afterEach(() => {
  time.stop()
  vi.restoreAllMocks()
})

const minute = (of: Env) => worker.scheduled(createScheduledController(), of)
const fade = (of: Env, ...limits: [batches?: number, fullBytes?: number]) =>
  fadeRecords({ env: of, db: of.DB, nowMs: () => Date.now() }, ...limits)
const countOf = async (table: 'audit' | 'deliveries' | 'receipts', where = 'true') =>
  (await env.DB.prepare(`select count(*) as count from ${table} where ${where}`).first('count'))!
const left = async () => [
  await countOf('audit', "action in ('trigger', 'answer', 'redeem')"),
  await countOf('deliveries'),
  await countOf('receipts'),
]

let people = 0
/** @returns the receipt that the application was given. */
async function login(): Promise<string> {
  const user = await d.person(`kept-${people++}`)
  const phone = await d.device(user)
  await phone.subscribe((await pushBox()).subscription)
  const before = await left()
  const asked = await d.payroll.ask({ user })
  await phone.approve((await phone.list())[0]!, asked.code)
  const { envelope } = await d.payroll.redeem({ user }, asked.transactionId)
  const all = before.map((count, at) => Number(count) + [3, 1, 1][at]!).join()
  await until('the outbox', async () => (await left()).join() === all)
  return (envelope.detail as { receipt: string }).receipt
}

/** Rows of the trail of one day, noon and later. */
async function rowsAt(at: number, count: number, customer = 'default'): Promise<void> {
  const list = JSON.stringify(Array.from({ length: count }, (_, index) => index))
  await env.DB.prepare(
    `insert into audit (customer, at, number, action, success)
     select ?1, ?2 + value / 10, value, 'made', 1 from json_each(?3)`,
  )
    .bind(customer, at, list)
    .run()
}

type Line = Record<string, unknown>
async function archived(prefix = ''): Promise<{ key: string; lines: Line[] }[]> {
  const { objects } = await bucket.list({ prefix })
  return Promise.all(
    objects.map(async ({ key }) => {
      const object = await bucket.get(key)
      const text = await new Response(
        object!.body.pipeThrough(new DecompressionStream('gzip')),
      ).text()
      const lines = text.trimEnd().split('\n')
      return { key, lines: lines.map((line) => JSON.parse(line) as Line) }
    }),
  )
}
const linesOf = async (prefix: string) => (await archived(prefix)).flatMap(({ lines }) => lines)

describe('without an archive', () => {
  it('each kind leaves after the days that are set for it, and nothing else goes with it', async () => {
    await login()
    const set = { AuditKeptDays: 5, DeliveryKeptDays: 1, ReceiptKeptDays: 3 }
    expect((await d.payroll.call('POST', '/system/setConfig', set)).status).toBe(200)
    const kept: unknown[] = []
    for (let passed = 0; passed <= 6; passed++) {
      await fade(without)
      kept.push((await left()).join(' '))
      time.forward(day)
    }
    expect(kept).toEqual(['3 1 1', '3 1 1', '3 0 1', '3 0 1', '3 0 0', '3 0 0', '0 0 0'])
    expect(await countOf('audit', "action = 'settings'")).toBe(0)
    expect((await bucket.list()).objects).toEqual([])
    await login()
    expect(await left()).toEqual([3, 1, 1])
  })

  it('they stay a year, a month and a quarter where nobody has set anything', async () => {
    await login()
    for (const [days, counts] of [
      [31, [3, 0, 1]],
      [91, [3, 0, 0]],
      [365, [3, 0, 0]],
      [366, [0, 0, 0]],
    ] as const) {
      time.toMs(noon + days * day * 1000)
      await fade(without)
      expect([days, await left()]).toEqual([days, counts])
    }
  })

  it('a backlog is worked off by many runs, each a bounded number of short statements', async () => {
    for (let at = 0; at < 5; at++) await rowsAt(startAt - (500 - at) * day, 3600)
    await rowsAt(startAt, 10)
    const before = d.cost.d1
    await fade({ ...d.env, ARCHIVE: undefined } as unknown as Env, 2)
    expect(await countOf('audit')).toBe(18_010 - 8000)
    expect(d.cost.d1 - before).toBeLessThanOrEqual(7)
    await fade(without, 2)
    await fade(without, 2)
    expect(await countOf('audit')).toBe(10)
  })

  it('each customer’s days are their own', async () => {
    await d.db.insert(customers).values({ id: 'other', name: 'Other', createdAt: 0 })
    await d.db.insert(settings).values({ customer: 'other', name: 'AuditKeptDays', value: '10' })
    for (const customer of ['default', 'other']) await rowsAt(startAt - 20 * day, 5, customer)
    await fade(without)
    expect(await countOf('audit', "customer = 'default'")).toBe(5)
    expect(await countOf('audit', "customer = 'other'")).toBe(0)
  })
})

describe('a database that is nearly full', () => {
  it('lets the oldest go early, says so, keeps today, and stops as soon as there is room', async () => {
    const said = vi.spyOn(console, 'warn').mockImplementation(() => {})
    for (const ago of [0, 1, 2, 200, 300]) await rowsAt(startAt - ago * day, 3)
    const counts: unknown[] = []
    for (let run = 0; run < 3; run++) {
      await fade(without, 60, 1)
      counts.push(await countOf('audit'))
    }
    expect(counts).toEqual([12, 9, 6])
    expect(String(said.mock.calls[0]?.[0])).toContain('records leave it after 81 % of their days')
    await fade(without)
    expect(await countOf('audit')).toBe(6)
    for (let run = 0; run < 5; run++) await fade(without, 60, 1)
    expect(await countOf('audit', `at >= ${startAt}`)).toBe(3)
  })
})

describe('with an archive', () => {
  it('what leaves is there as it was: a day and a customer to an object, a receipt as it was signed', async () => {
    const receipt = await login()
    const rows = await d.db.select().from(audit)
    await rowsAt(startAt - day, 2)
    time.forward(400 * day)
    await minute(archiving)
    expect(await left()).toEqual([0, 0, 0])
    expect((await archived()).map(({ key }) => key.replace(/\d{10}-[\w-]+/, '…'))).toEqual([
      'audit/default/2027-01-09/….ndjson.gz',
      'audit/default/2027-01-10/….ndjson.gz',
      'deliveries/default/2027-01-10/….ndjson.gz',
      'receipts/default/2027-01-10/….ndjson.gz',
    ])
    expect(await linesOf('audit/default/2027-01-10')).toEqual(rows)
    const [kept] = await linesOf('receipts')
    expect(kept?.receipt).toBe(receipt)
    const key = publicHalf(JSON.parse(d.env.SIGNING_KEY))
    expect(await verify(typ.receipt, receipt, key, ReceiptClaims)).toMatchObject({
      verdict: 'approved',
      transactionHash: kept?.transactionHash,
    })
    expect((await linesOf('deliveries'))[0]).toMatchObject({ outcome: 'delivered', status: 201 })
  })

  it('a run that died between writing and deleting neither loses nor doubles a row', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    await rowsAt(startAt - 400 * day, 9300)
    const numbers = Array.from({ length: 9300 }, (_, number) => number)
    await fade(dying({ batch: 2 }))
    expect(await countOf('audit')).toBe(5300)
    expect((await archived()).map(({ lines }) => lines.length)).toEqual([4000, 4000])
    // Something that was long under way arrives meanwhile.
    await env.DB.prepare(
      "insert into audit (customer, at, number, action, success) values ('default', ?, 99999, 'late', 1)",
    )
      .bind(startAt - 400 * day + 450)
      .run()
    await fade(archiving)
    expect(await countOf('audit')).toBe(0)
    const told = (await linesOf('audit')).map(({ number }) => Number(number))
    expect(told.toSorted((one, other) => one - other)).toEqual([...numbers, 99999])
  })

  it('where writing fails nothing is deleted, the failure is logged, and the others go on', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    await d.db.insert(customers).values({ id: 'unlucky', name: '', createdAt: 0 })
    for (const customer of ['default', 'unlucky']) await rowsAt(startAt - 400 * day, 5, customer)
    const broken = {
      put: (name: string, ...given: [ArrayBuffer, R2PutOptions]) =>
        name.includes('unlucky')
          ? Promise.reject(new Error('no bucket today'))
          : bucket.put(name, ...given),
    }
    await minute({ ...archiving, ARCHIVE: broken as unknown as R2Bucket })
    expect(await countOf('audit', "customer = 'unlucky'")).toBe(5)
    expect(await countOf('audit', "customer = 'default'")).toBe(0)
    expect(said.mock.calls.flat().join(' ')).toContain('audit of unlucky')
    expect(said.mock.calls.flat().join(' ')).toContain('no bucket today')
    await minute(archiving)
    expect(await countOf('audit')).toBe(0)
    expect(await linesOf('audit/unlucky')).toHaveLength(5)
  })
})

/** D1 goes away when it should delete for the nth time. */
function dying({ batch }: { batch: number }): Env {
  let deletes = 0
  const DB = new Proxy(env.DB, {
    get(target, name) {
      if (name === 'prepare')
        return (query: string) => {
          if (query.startsWith('delete') && ++deletes === batch) throw new Error('D1 is away')
          return target.prepare(query)
        }
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { ...archiving, DB }
}

describe('the databases of a deployment', () => {
  it('have their turn in each few minutes, however many there are, and never more than twenty in one', () => {
    for (const count of [1, 2, 20, 21, 65, 200]) {
      const all = Array.from({ length: count }, (_, database) => database)
      const turns = Math.ceil(count / 20)
      const seen = Array.from({ length: turns }, (_, minute) => inTurn(all, 29_000_000 + minute))
      expect(Math.max(...seen.map(({ length }) => length))).toBeLessThanOrEqual(20)
      expect(seen.flat().toSorted((one, other) => one - other)).toEqual(all)
    }
  })
})

describe('the numbers of the trail', () => {
  it('rise within a second and are never drawn twice, whatever the clock does', async () => {
    const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
    for (const step of [0, 1]) {
      const numbers = Array.from({ length: 900 }, (_, at) => nextNumber(noon + at * step, random))
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
      expect(new Set(numbers).size).toBe(900)
      expect(numbers.every(Number.isSafeInteger)).toBe(true)
    }
    const zeros = (bytes: number) => new Uint8Array(bytes)
    expect(nextNumber(noon, zeros)).toBeLessThan(nextNumber(noon, zeros))
  })
})
