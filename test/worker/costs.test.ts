/** What each step costs, as the design's table has it: statements of D1 and calls of objects, warm and cold. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { eq } from 'drizzle-orm'
import { tokens } from '../../schema/tables.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, clock, costOf, deployment } from './deployment.ts'
import { objectOf } from './object.ts'
import { phoneBox } from './phone-box.ts'
import { openSocket } from './socket.ts'

let d: Deployment
let time: ReturnType<typeof clock>
let people = 0

/** The clock stands: the epoch is read once a second, and no second passes. */
beforeEach(() => {
  time = clock()
})
afterEach(() => {
  time.stop()
  vi.restoreAllMocks()
})

/** A person whose object, names and settings this deployment has met before. */
async function warm(): Promise<{ user: string; phone: VirtualDevice }> {
  d = await deployment()
  const user = await d.person(`cost-${people++}`)
  const phone = await d.device(user)
  await cycle(user, phone)
  return { user, phone }
}

async function cycle(user: string, phone: VirtualDevice): Promise<void> {
  const asked = await d.payroll.ask({ user })
  const [open] = await phone.list()
  await phone.approve(open!, asked.code)
  await d.payroll.redeem({ user }, asked.transactionId)
}

const spent = async (work: () => Promise<unknown>) => (await costOf(d, work)).cost
const one = { d1: 0, objects: 1 }

describe('warm', () => {
  it('every step is one call of the object and no statement of D1', async () => {
    const { user, phone } = await warm()
    const { given: asked, cost } = await costOf(d, () => d.payroll.ask({ user }))
    expect(cost).toEqual(one)
    const id = asked.transactionId
    expect(await spent(() => d.payroll.poll(id))).toEqual(one)
    const { given, cost: listed } = await costOf(d, () => phone.overview())
    expect(listed).toEqual(one)
    const [open] = given.challenges
    expect(await spent(() => phone.look(open!.challenge))).toEqual(one)
    expect(await spent(() => phone.approve(open!, asked.code))).toEqual(one)
    expect(await spent(() => d.payroll.redeem({ user }, id))).toEqual(one)
    const second = await d.payroll.ask({ user })
    expect(await spent(() => d.payroll.cancel(second.transactionId))).toEqual(one)
  })

  it('a wait is one call, however it ends', async () => {
    const { user } = await warm()
    const { transactionId } = await d.payroll.ask({ user })
    const waited = spent(() => d.payroll.poll(transactionId, 1))
    await new Promise((resolve) => setTimeout(resolve, 100))
    time.forward(1)
    expect((await waited).objects).toBe(1)
    await d.payroll.cancel(transactionId)
    expect((await spent(() => d.payroll.poll(transactionId, 20))).objects).toBe(1)
  })

  it('a socket is one call, and hears of a challenge without a further one', async () => {
    const { user, phone } = await warm()
    const { given: app, cost } = await costOf(d, () => openSocket(d, phone))
    expect(cost).toEqual(one)
    expect(await spent(() => d.payroll.ask({ user }))).toEqual(one)
    expect(await app.heard(1)).toMatchObject([{ type: 'challenge' }])
    app.socket.close()
  })

  it('a stock phone asks and answers at the same price, and its person is asked at the same', async () => {
    const { user } = await warm()
    const box = await phoneBox(d)
    const { phone } = await box.phone({ user })
    await box.asked(user, phone)
    const { given: asked, cost } = await costOf(d, () => d.payroll.trigger({ user }))
    expect(cost).toEqual(one)
    const { given: open, cost: polled } = await costOf(d, () => phone.poll())
    expect(polled).toEqual(one)
    const answer = async () => {
      const { presence_answer: right } = asked.envelope.detail as { presence_answer: string }
      const pick = open[0]?.require_presence?.includes(right) ? right : ''
      return (await phone.presence(open[0]!, pick)).envelope.result.value
    }
    expect(await spent(answer)).toEqual(one)
    expect(await spent(() => phone.answer(open[0]!, {}, { signature: 'MZXW6YTB' }))).toEqual({
      d1: 0,
      objects: 0,
    })
  })

  it('what is not ours is refused without any', async () => {
    await warm()
    const none = { d1: 0, objects: 0 }
    expect(await spent(() => d.payroll.poll('A'.repeat(60)))).toEqual(none)
    expect(await spent(() => d.fetch('/device/keys', {}))).toEqual(none)
  })
})

describe('the epoch', () => {
  it('is read when a second has passed, once, and not before', async () => {
    const { user } = await warm()
    const ask = () => spent(() => d.payroll.ask({ user }))
    expect([await ask(), await ask()]).toEqual([one, one])
    time.forward(1)
    expect([await ask(), await ask()]).toEqual([{ d1: 1, objects: 1 }, one])
  })

  it('is asked for by the first who comes after three quarters of a second, and by nobody who comes meanwhile', async () => {
    const { user } = await warm()
    const asks = (count: number) =>
      spent(() => Promise.all(Array.from({ length: count }, () => d.payroll.ask({ user }))))
    time.forward(0.7)
    expect(await asks(20)).toEqual({ d1: 0, objects: 20 })
    time.forward(0.1)
    expect(await asks(20)).toEqual({ d1: 1, objects: 20 })
    // Nothing older than a second is used: whoever comes then asks for themselves.
    time.forward(1)
    expect((await asks(5)).d1).toBe(5)
    expect(await asks(5)).toEqual({ d1: 0, objects: 5 })
  })

  it('that has moved makes every isolate read again, and another isolate obey within a second', async () => {
    const { user } = await warm()
    const other = await deployment()
    const answerSeconds = async () => {
      const { expires_at: at } = (await d.payroll.trigger({ user })).envelope.detail as {
        expires_at: number
      }
      return at - Math.floor(Date.now() / 1000)
    }
    expect(await answerSeconds()).toBe(120)
    await other.set({ answerSeconds: 60 })
    time.forward(1)
    expect(await answerSeconds()).toBe(60)
    await other.set({ answerSeconds: 120 })
    time.forward(1)
    expect(await answerSeconds()).toBe(120)
  })
})

describe('cold', () => {
  it('an isolate reads each thing once: epoch, key, application, realms, person, configuration, policies', async () => {
    const { user } = await warm()
    const fresh = await d.newApplication('Fresh')
    // A change of settings makes this isolate forget.
    await d.set({ answerSeconds: 120 })
    expect(await spent(() => fresh.ask({ user }))).toEqual({ d1: 7, objects: 1 })
    expect(await spent(() => fresh.ask({ user }))).toEqual(one)
  })

  it('a device needs none of them, and neither does a poll', async () => {
    const { user, phone } = await warm()
    const { transactionId } = await d.payroll.ask({ user })
    await d.set({ resends: 3 })
    expect(await spent(() => phone.overview())).toEqual(one)
    expect(await spent(() => d.payroll.poll(transactionId))).toEqual(one)
  })

  /** Everything that this isolate sends to D1, the objects' own included. */
  function statements() {
    const session = Object.getPrototypeOf(env.DB.withSession()) as { _send: () => Promise<unknown> }
    return vi.spyOn(session, '_send')
  }

  it('an object that was evicted has its own copy; one that has forgotten all reads D1 once', async () => {
    const { phone } = await warm()
    const object = await objectOf(d, phone.serial)
    await object.evict()
    const all = statements()
    await phone.list()
    expect(all).toHaveBeenCalledTimes(0)
    // Nothing is due any more, every limit has lapsed, and nobody reads of old requests.
    time.forward(31 * 86_400)
    await object.alarm()
    await object.alarm()
    expect(await object.rows('select name from sqlite_master')).toEqual([])
    await object.evict()
    all.mockClear()
    await phone.list()
    expect(all).toHaveBeenCalledTimes(1)
    await phone.list()
    expect(all).toHaveBeenCalledTimes(1)
  })

  it('a login that neither knows reads the person and their tokens together, once', async () => {
    const { user, phone } = await warm()
    const object = await objectOf(d, phone.serial)
    time.forward(31 * 86_400)
    await object.alarm()
    await object.alarm()
    expect(await object.rows('select name from sqlite_master')).toEqual([])
    await d.set({ answerSeconds: 121 })
    const all = statements()
    await d.payroll.ask({ user })
    const asked = all.mock.calls.flatMap((given: unknown[]) => [given[1]].flat()).map(String)
    expect(asked.filter((query) => query.includes('"people"'))).toHaveLength(1)
    expect(asked.filter((query) => query.includes('"tokens"'))).toHaveLength(1)
  })

  it('a change that the object was not told of is not seen, and one that it was told of at once', async () => {
    const { user, phone } = await warm()
    const object = await objectOf(d, phone.serial)
    const second = await d.device(user)
    await d.db.update(tokens).set({ active: false }).where(eq(tokens.serial, phone.serial))
    await object.evict()
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(2)
    await second.rename('Told')
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(1)
  })
})
