/** What was read a moment too early is not believed for longer than that moment, and a change is made whole or not at all. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { settings, tokenChanges, tokens } from '../../schema/tables.ts'
import { endInterruptedChanges } from '../../worker/challenge/change-tokens.ts'
import { copyOf } from '../../worker/challenge/desk/copy.ts'
import type { Address } from '../../worker/challenge/desk/desk.ts'
import { openDesk } from '../../worker/challenge/desk/open.ts'
import { tokensChanged } from '../../worker/challenge/desk/tokens.ts'
import type { Coordinator } from '../../worker/challenge/reach.ts'
import { triggerChallenge } from '../../worker/challenge/trigger.ts'
import { seek } from '../../worker/challenge/whose.ts'
import type { OwnerId } from '../../worker/crypto/sealed-id.ts'
import type { Context } from '../../worker/env.ts'
import { remembered } from '../../worker/store/cache.ts'
import { readOwner } from '../../worker/store/owner.ts'
import type { Application } from '../support/application.ts'
import { contextHere } from './context.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { objectOf } from './object.ts'

let d: Deployment
let admin: Application
beforeAll(async () => {
  d = await deployment()
  admin = await d.newApplication('Administration')
})
afterEach(() => void vi.restoreAllMocks())

/** A D1 whose answers to what is read arrive when the test says so, in any order. */
function slowD1(real: D1Database) {
  const answers: (() => void)[] = []
  let slow = false
  const statement = (inner: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(inner, {
      get(target, name) {
        if (name === 'bind') return (...values: unknown[]) => statement(target.bind(...values))
        if (name !== 'raw') return Reflect.get(target, name) as unknown
        return async () => {
          const read = await target.raw()
          if (slow) await new Promise<void>((resolve) => answers.push(resolve))
          return read
        }
      },
    })
  const db = new Proxy(real, {
    get: (target, name) =>
      name === 'prepare'
        ? (query: string) => statement(target.prepare(query))
        : (Reflect.get(target, name) as unknown),
  })
  return { db, answers, slowDown: () => void (slow = true) }
}

it('a change is in force when it is acknowledged, although a later one is still being read', async () => {
  const phone = await d.device(await d.person('overtaken'))
  const [token] = await d.db.select().from(tokens).where(eq(tokens.serial, phone.serial))
  const address: Address = { ownerId: token!.ownerId as OwnerId, customer: 'default' }
  const { stub } = await objectOf(d, phone.serial)
  await runInDurableObject(stub, async (_, state) => {
    const { db, answers, slowDown } = slowD1(env.DB)
    const desk = { ...(await openDesk(state, env)), db }
    expect((await copyOf(desk, address)).tokens[0]?.active).toBe(true)
    await d.db.update(tokens).set({ active: false }).where(eq(tokens.serial, phone.serial))
    slowDown()
    const first = tokensChanged(desk, address, Date.now())
    const second = tokensChanged(desk, address, Date.now())
    await vi.waitUntil(() => answers.length === 2)
    answers[0]!()
    await first
    expect(desk.copy?.tokens[0]?.active).toBe(false)
    answers[1]!()
    await second
    expect(desk.copy?.tokens[0]?.active).toBe(false)
  })
})

async function isolate(): Promise<{ context: Context; pass: (ms: number) => void }> {
  let nowMs = 0
  // What an isolate remembers hangs on its binding.
  const context = await contextHere({ db: new Proxy(env.DB, {}), nowMs: () => nowMs })
  return { context, pass: (ms) => void (nowMs += ms) }
}

it('an isolate does not remember what it read before a change that it heard of meanwhile', async () => {
  const { context, pass } = await isolate()
  let deliver = (_: string) => {}
  const slow = remembered(
    context,
    'told',
    () => new Promise<string>((resolve) => (deliver = resolve)),
  )
  await vi.waitUntil(() => deliver.length === 1 && deliver.name !== 'deliver')
  await env.DB.exec(
    "insert into epochs values ('policy', 1) on conflict (name) do update set value = value + 1",
  )
  pass(1000)
  await remembered(context, 'another', async () => 'x')
  deliver('before')
  expect(await slow).toBe('before')
  expect(await remembered(context, 'told', async () => 'after')).toBe('after')
})

it("an isolate does not answer one customer with another's token", async () => {
  const phone = await d.device(await d.person('foreign'))
  const { context } = await isolate()
  const named = { user: '', realm: '', serial: phone.serial }
  expect(await seek(context, 'default', named)).toMatchObject({
    serials: [phone.serial],
    missing: null,
  })
  expect((await seek(context, 'another', named)).missing).toBe('serial_not_found')
})

it('settings are changed all at once, with the word that they changed, or not at all', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  await env.DB.exec(
    "create trigger no_epochs before insert on epochs begin select raise(abort, 'no'); end",
  )
  const change = { StateWaitSeconds: 7, EnrolmentSeconds: 99 }
  expect((await d.payroll.call('POST', '/system/setConfig', change)).status).toBe(500)
  await env.DB.exec('drop trigger no_epochs')
  expect(await d.db.select().from(settings)).toEqual([])
  expect((await d.payroll.call('POST', '/system/setConfig', change)).status).toBe(200)
  expect(await d.db.select().from(settings)).toHaveLength(2)
})

it('an interrupted change that cannot be ended holds up no other', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const { context } = await isolate()
  const broken = env.COORDINATOR.idFromName('AAbroken')
  const COORDINATOR = new Proxy(env.COORDINATOR, {
    get(target, name) {
      const value = Reflect.get(target, name) as (...given: unknown[]) => unknown
      if (name !== 'get') return value.bind(target)
      return (id: DurableObjectId) =>
        id.equals(broken)
          ? { tokensChanged: () => Promise.reject(new Error('broken')) }
          : target.get(id)
    },
  })
  const mark = { customer: 'default', at: -100 }
  await d.db.insert(tokenChanges).values([
    { ...mark, mark: 'a', ownerId: 'broken' },
    { ...mark, mark: 'b', ownerId: 'whole' },
  ])
  await endInterruptedChanges({ ...context, env: { ...context.env, COORDINATOR } })
  const left = await d.db.select().from(tokenChanges)
  expect(left.map((one) => one.mark)).toEqual(['a'])
})

it('the log of a failed statement tells none of its values', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const user = await d.person('logged')
  await env.DB.exec(
    "create trigger no_tokens before insert on tokens begin select raise(abort, 'no'); end",
  )
  expect((await d.payroll.initToken({ user, pin: '4711' })).status).toBe(500)
  await env.DB.exec('drop trigger no_tokens')
  const words = logged.mock.calls
    .flat()
    .map((part) => (part instanceof Error ? `${part.stack}\n${String(part.cause)}` : String(part)))
    .join('\n')
  expect(words).toContain('insert into "tokens"')
  expect(words).toContain('/token/init')
  expect(words).not.toContain('scrypt$')
})

describe('what an edge has read with a name', () => {
  let time: ReturnType<typeof clock>
  beforeEach(() => {
    time = clock()
  })
  afterEach(() => time.stop())

  /** Somebody of whom no object knows anything, and what an edge that has just read D1 asks for them. */
  async function unknown(name: string) {
    const user = await d.person(name)
    const phone = await d.device(user)
    const object = await objectOf(d, phone.serial)
    time.forward(31 * 86_400)
    await object.alarm()
    await object.alarm()
    expect(await object.rows('select name from sqlite_master')).toEqual([])
    const look = async () => {
      const { context } = await isolate()
      const edge = { ...context, nowMs: () => Date.now() }
      const named = { user, realm: '', serial: '' }
      const whose = await seek(edge, 'default', named, 'with tokens')
      return async () => {
        const asked = await triggerChallenge(edge, whose, {
          application: { id: 'payroll', name: 'Payroll' },
          origin: { how: 'server' },
          client: null,
          firstFactor: false,
        })
        return asked.ok ? 'asked' : asked.reason
      }
    }
    const set = async (what: 'enable' | 'disable') => {
      const { status } = await admin.call('POST', `/token/${what}`, { serial: phone.serial })
      expect(status).toBe(200)
    }
    return { phone, object, look, set }
  }

  it('spares an object without storage the reading, for three seconds', async () => {
    const { phone, object, look } = await unknown('seen')
    const active = (value: boolean) =>
      d.db.update(tokens).set({ active: value }).where(eq(tokens.serial, phone.serial))
    const early = await look()
    const late = await look()
    await active(false)
    time.forward(3)
    expect(await late()).toBe('no_suitable_token')
    await active(true)
    await object.evict()
    const another = await unknown('seen-at-once')
    const atOnce = await another.look()
    await d.db.update(tokens).set({ active: false }).where(eq(tokens.serial, another.phone.serial))
    expect(await atOnce()).toBe('asked')
    expect(await early()).toBe('asked')
  })

  it('is not believed by an object that was told of a change since, wherever it has been meanwhile', async () => {
    const { object, look, set } = await unknown('told')
    const before = await look()
    await set('disable')
    expect(await before()).toBe('no_suitable_token')
    await object.evict()
    expect(await before()).toBe('no_suitable_token')
    await set('enable')
    expect(await (await look())()).toBe('asked')
  })

  it('gives way to a change that is being read while it is taken', async () => {
    const { phone, object } = await unknown('reading')
    const [row] = await d.db.select().from(tokens).where(eq(tokens.serial, phone.serial))
    const address: Address = { ownerId: row!.ownerId as OwnerId, customer: 'default' }
    const seen = { owner: await readOwner(env.DB, address.ownerId), readAtMs: Date.now() }
    await runInDurableObject(object.stub, async (_, state) => {
      const { db, answers, slowDown } = slowD1(env.DB)
      const desk = { ...(await openDesk(state, env)), db }
      const isActive = () => desk.copy?.tokens[0]?.active
      await d.db.update(tokens).set({ active: false }).where(eq(tokens.serial, phone.serial))
      slowDown()
      const first = tokensChanged(desk, address, Date.now())
      const second = tokensChanged(desk, address, Date.now())
      await vi.waitUntil(() => answers.length === 2)
      await copyOf(desk, address, seen)
      expect(isActive()).toBe(true)
      answers[1]!()
      await second
      expect(isActive()).toBe(false)
      answers[0]!()
      await first
      expect(isActive()).toBe(false)
    })
  })

  it('is not believed by one that was told that the last token has gone', async () => {
    const { phone, object, look } = await unknown('bare')
    const before = await look()
    const { status } = await admin.call('DELETE', `/token/${phone.serial}`)
    expect(status).toBe(200)
    await object.evict()
    expect(await before()).toBe('no_tokens')
    await d.device('bare')
    expect(await (await look())()).toBe('asked')
  })

  it('is not from before the last write of an object without storage, which keeps that for eight seconds more', async () => {
    const { phone, object } = await unknown('lingering')
    const [row] = await d.db.select().from(tokens).where(eq(tokens.serial, phone.serial))
    const address: Address = { ownerId: row!.ownerId as OwnerId, customer: 'default' }
    const wrong = { serials: [phone.serial], count: true, reason: 'wrong_pin' }
    const stub = object.stub as unknown as Coordinator
    const fail = () => stub.wrongPin(address, { ...wrong, application: 'payroll', client: null })
    const isThere = async () => (await object.rows('select 1 from sqlite_master')).length > 0
    await object.gather(5)
    await fail()
    // A second before it would forget its owner, were it not for this.
    time.forward(86_399)
    await fail()
    time.forward(5)
    await object.alarm()
    expect([await object.rows('select * from outbox'), await isThere()]).toEqual([[], true])
    // Whoever wakes does not know when it last wrote.
    time.forward(7)
    await object.evict()
    await object.alarm()
    expect(await isThere()).toBe(true)
    time.forward(8)
    await object.alarm()
    expect(await isThere()).toBe(false)
    await object.gather(0)
  })
})
