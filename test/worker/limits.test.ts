/** Limits silence the bell, never the challenge. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Settings, hardenedSettings } from '../../worker/policy/settings.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { climb, waits } from './missed.ts'
import { pushBox } from './push-box.ts'
import { type Rung, approve, declineAll, nowSeconds, ringer, rungOf } from './ringer.ts'

let d: Deployment
let time: ReturnType<typeof clock>
const { newPerson, ring, someone } = ringer(() => d)
beforeAll(async () => {
  time = clock()
  time.forward(86_400)
  d = await deployment()
})
afterEach(() => set(hardenedSettings))
afterAll(() => time.stop())

const set = (settings: Partial<Settings>) => d.set(settings)

describe('while one prompt is open', () => {
  it('the next is made, not rung, and the application is told until when', async () => {
    const { user, phone } = await someone()
    const box = await pushBox()
    await phone.subscribe(box.subscription)
    const first = await ring(user)
    expect(first).toMatchObject({ notified: true, quietUntilAt: null })
    time.forward(30)
    const second = await ring(user)
    expect(second).toMatchObject({ notified: false, quietUntilAt: nowSeconds() + 90 })
    await box.messages(1)
    expect(await phone.list()).toHaveLength(2)

    // Silent, it is as good as any other: the person finds it by opening the app.
    await approve(phone, second)
    const redeemed = await d.payroll.redeem({ user }, second.transactionId)
    expect(redeemed.envelope.result.value).toBe(true)
    expect((await ring(user)).notified).toBe(false)
    await declineAll(phone)
    expect((await ring(user)).notified).toBe(true)
    const payloads = await box.payloads(2)
    const asked = payloads.filter(({ countersign }) => 'jws' in countersign)
    expect(asked).toHaveLength(2)
  })

  it('and lapses, the next rings in that second', async () => {
    const { user } = await someone()
    await ring(user)
    time.forward(119)
    expect(await ring(user)).toMatchObject({ notified: false, quietUntilAt: nowSeconds() + 1 })
    time.forward(1)
    expect((await ring(user)).notified).toBe(true)
  })

  it('and is cancelled or approved, the next rings at once', async () => {
    const { user, phone } = await someone()
    await d.payroll.cancel((await ring(user)).transactionId)
    const next = await ring(user)
    expect(next.notified).toBe(true)
    await approve(phone, next)
    expect((await ring(user)).notified).toBe(true)
  })
})

describe('prompts that were missed', () => {
  it('three in a row make the bell wait 10 s, then 20 s, up to an hour', () =>
    climb({ d, time, ring, someone }, 'left alone, noticed late', waits))

  // Each of them up to an hour: limits.full.test.ts.
  it.each(['left alone, noticed by the alarm', 'declined'] as const)(
    'three in a row (%s) make the bell wait 10 s, then 20 s, then 40 s',
    (how) => climb({ d, time, ring, someone }, how, waits.slice(0, 5)),
  )

  it('count from when they lapsed, so that a wait may be over before anybody asks again', async () => {
    const { user } = await someone()
    for (let miss = 0; miss < 3; miss++) {
      expect((await ring(user)).notified).toBe(true)
      time.forward(130)
    }
    expect((await ring(user)).notified).toBe(true)
  })

  it('are wrong codes too', async () => {
    const { user, phone } = await someone()
    for (let miss = 0; miss < 3; miss++) {
      expect((await ring(user)).notified).toBe(true)
      await phone.approve((await phone.list())[0]!, '****')
    }
    expect(await ring(user)).toMatchObject({ notified: false, quietUntilAt: nowSeconds() + 10 })
  })

  it('are called off by the application too: asking and calling off does not ring all day', async () => {
    const { user } = await someone()
    for (let miss = 0; miss < 3; miss++) {
      const prompt = await ring(user)
      expect(prompt.notified).toBe(true)
      await d.payroll.cancel(prompt.transactionId)
    }
    const silent = await ring(user)
    expect(silent).toMatchObject({ notified: false, quietUntilAt: nowSeconds() + 10 })
    // It never rang, so calling it off is no miss.
    await d.payroll.cancel(silent.transactionId)
    expect(await ring(user)).toMatchObject({ quietUntilAt: nowSeconds() + 10 })
  })

  async function missThree(user: string, phone: VirtualDevice) {
    for (let miss = 0; miss < 3; miss++) {
      expect((await ring(user)).notified).toBe(true)
      await declineAll(phone)
    }
    const silent = await ring(user)
    expect(silent.notified).toBe(false)
    return silent
  }

  it('are forgotten by an approval', async () => {
    const { user, phone } = await someone()
    const silent = await missThree(user, phone)
    await approve(phone, silent)
    await missThree(user, phone)
  })

  it('are forgotten a day after the last one, and not a second before', async () => {
    for (const [seconds, forgotten] of [
      [86_399, false],
      [86_400, true],
    ] as const) {
      const { user, phone } = await someone()
      await missThree(user, phone)
      time.forward(seconds)
      expect((await ring(user)).notified).toBe(true)
      await declineAll(phone)
      const next = await ring(user)
      expect([seconds, next.notified]).toEqual([seconds, forgotten])
      if (!forgotten) expect(next.quietUntilAt).toBe(nowSeconds() + 20)
      else await approve(phone, next)
    }
  })
})

describe('after a verified first factor', () => {
  const login = async (user: string, pass: string): Promise<Rung> => {
    const { envelope } = await d.payroll.check({ user, pass })
    expect(envelope.result.authentication).toBe('CHALLENGE')
    return rungOf(envelope.detail as Record<string, unknown>)
  }

  it('prompts are counted apart: a stranger can neither wear the person down nor lock them out', async () => {
    const user = await newPerson()
    const phone = await d.device(user, { pin: '4711' })
    // The stranger knows the name only.
    for (let miss = 0; miss < 3; miss++) {
      await ring(user)
      await declineAll(phone)
    }
    expect((await ring(user)).notified).toBe(false)
    const own = await login(user, '4711')
    expect(own.notified).toBe(true)
    await approve(phone, own)
    // That approval forgave the person's own misses, not the stranger's.
    expect((await ring(user)).notified).toBe(false)
    expect((await login(user, '4711')).notified).toBe(true)
  })

  it('an open prompt of a stranger does not silence the own one, nor the other way round', async () => {
    const user = await newPerson()
    const phone = await d.device(user, { pin: '4711' })
    expect((await ring(user)).notified).toBe(true)
    expect((await login(user, '4711')).notified).toBe(true)
    expect((await login(user, '4711')).notified).toBe(false)
    expect(await phone.list()).toHaveLength(3)
    await declineAll(phone)
    expect((await ring(user)).notified).toBe(true)
  })
})

describe('budgets', () => {
  it('count by application, within an hour', async () => {
    await set({ promptsPerHourByApplication: 3 })
    const { user, phone } = await someone()
    const startedAt = nowSeconds()
    for (let prompt = 0; prompt < 3; prompt++) {
      const rung = await ring(user)
      expect(rung.notified).toBe(true)
      await approve(phone, rung)
      time.forward(60)
    }
    const silent = await ring(user)
    expect(silent).toMatchObject({ notified: false, quietUntilAt: startedAt + 3600 })
    await approve(phone, silent)
    // Another application has a budget of its own, and another person has theirs.
    const wiki = await d.newApplication('Wiki')
    const theirs = await ring(user, wiki)
    expect(theirs.notified).toBe(true)
    await approve(phone, theirs)
    expect((await ring((await someone()).user)).notified).toBe(true)
    time.toMs((startedAt + 3599) * 1000)
    const early = await ring(user)
    expect(early.notified).toBe(false)
    await approve(phone, early)
    time.toMs((startedAt + 3600) * 1000)
    expect((await ring(user)).notified).toBe(true)
  })

  it('count by client address, where one is known', async () => {
    await set({ promptsPerHourByClient: 2 })
    const { user, phone } = await someone()
    const gateway = await d.newApplication('Gateway', ['trigger', 'check', 'origin_claimed'])
    const from = async (client: string) => {
      const rung = await ring(user, gateway, { client })
      await approve(phone, rung)
      return rung.notified
    }
    const stranger = '203.0.113.7'
    expect([await from(stranger), await from(stranger), await from(stranger)]).toEqual([
      true,
      true,
      false,
    ])
    expect([await from('198.51.100.1'), await from('2001:db8::1'), await from('')]).toEqual([
      true,
      true,
      true,
    ])
    // Who may not say where a login comes from, does not: its words count for nothing.
    const rung = await ring(user, d.payroll, { client: stranger })
    expect(rung.notified).toBe(true)
    await approve(phone, rung)
    time.forward(3600)
    expect(await from(stranger)).toBe(true)
  })
})

describe('sending again', () => {
  const resend = async (transactionId: string) => {
    const { status, headers } = await d.payroll.resend(transactionId)
    return [status, headers.get('Retry-After')]
  }

  it('waits ten seconds each time, rings each time, and ends after three', async () => {
    const { user, phone } = await someone()
    const box = await pushBox()
    await phone.subscribe(box.subscription)
    const { transactionId, code } = await ring(user)
    expect(await resend(transactionId)).toEqual([429, '10'])
    for (let round = 1; round <= 3; round++) {
      time.forward(9)
      expect(await resend(transactionId)).toEqual([429, '1'])
      time.forward(1)
      expect(await resend(transactionId)).toEqual([200, null])
      await box.messages(round + 1)
      // The same challenge, so the same code.
      expect(await phone.list()).toHaveLength(1)
    }
    time.forward(60)
    expect((await resend(transactionId))[0]).toBe(429)
    expect(await box.received()).toHaveLength(4)
    const challenge = (await phone.list())[0]!
    expect((await phone.approve(challenge, code)).outcome).toBe('accepted')
    const { status } = await d.payroll.resend(transactionId)
    expect(status).toBe(409)
  })

  it('rings what was silent as soon as the bell may ring again', async () => {
    const { user, phone } = await someone()
    const first = await ring(user)
    const second = await ring(user)
    expect(second.notified).toBe(false)
    time.forward(20)
    expect(await resend(second.transactionId)).toEqual([429, '100'])
    await d.payroll.cancel(first.transactionId)
    expect(await resend(second.transactionId)).toEqual([200, null])
    // Now it is the prompt that is open.
    expect((await ring(user)).notified).toBe(false)
    await declineAll(phone)
  })

  it('spends the budget of whoever asks', async () => {
    await set({ promptsPerHourByApplication: 2 })
    const { user, phone } = await someone()
    const rung = await ring(user)
    time.forward(10)
    expect(await resend(rung.transactionId)).toEqual([200, null])
    await approve(phone, rung)
    expect((await ring(user)).notified).toBe(false)
    time.forward(3600)
    expect((await ring(user)).notified).toBe(true)
  })
})
