/** What is counted and used up: exact when a hundred come at once, seen at once, and lost neither by a crash nor by moving. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ChallengeCoordinator } from '../../worker/challenge/coordinator.ts'
import type { Application } from '../support/application.ts'
import { until } from '../support/until.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { tablesOf, untilForgotten } from './inside.ts'
import { disturbed, objectOf } from './object.ts'
import { hotpAt, otpSeed, totpAt } from './seeds.ts'

let d: Deployment
let admin: Application
let time: ReturnType<typeof clock>
let people = 0
beforeAll(async () => {
  d = await deployment()
  admin = await d.newApplication('Console')
  time = clock()
})
afterAll(() => time.stop())
afterEach(() => time.forward(3600))

const atOnce = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

const tally = (words: (string | undefined)[]): Record<string, number> => {
  const counted: Record<string, number> = {}
  for (const word of words) counted[word ?? ''] = (counted[word ?? ''] ?? 0) + 1
  return counted
}

type Token = { failcount: number; locked: boolean; count: number; info: Record<string, string> }
const tokenNow = async (serial: string): Promise<Token> => {
  const { envelope } = await admin.token(serial)
  return (envelope.result.value as { tokens: Token[] }).tokens[0]!
}

async function owned(type: 'totp' | 'hotp', parameters: object = {}) {
  const user = await d.person(`counted-${people++}`)
  const { envelope } = await admin.initToken({ type, user, otpkey: otpSeed, ...parameters })
  return { user, serial: envelope.detail?.serial ?? '' }
}

const checkBoth = async (parameters: object) => {
  const { envelope } = await admin.check(parameters)
  return { value: envelope.result.value, message: envelope.detail?.message }
}
const act = async (action: string, parameters: object) => {
  const { status, envelope } = await admin.call('POST', `/token/${action}`, parameters)
  expect([status, envelope.result.error]).toEqual([200, undefined])
  return envelope
}

describe('a hundred at once', () => {
  it('wrong codes count exactly up to the limit, lock, and are seen at once; a reset lets in again', async () => {
    const { user, serial } = await owned('totp')
    const wrong = await atOnce(100, (index) =>
      checkBoth({ user, pass: String(index).padStart(6, '0') }),
    )
    expect(tally(wrong.map(({ message }) => message))).toEqual({
      'wrong otp value': 10,
      'Failcounter exceeded': 90,
    })
    expect(await tokenNow(serial)).toMatchObject({ failcount: 10, locked: true })
    const pass = totpAt(Date.now())
    expect(await checkBoth({ user, pass })).toMatchObject({ message: 'Failcounter exceeded' })
    expect(await checkBoth({ serial, pass, otponly: 1 })).toMatchObject({
      message: 'Failcounter exceeded',
    })
    expect((await act('reset', { serial })).result.value).toBe(1)
    expect(await tokenNow(serial)).toMatchObject({ failcount: 0, locked: false })
    expect((await checkBoth({ user, pass })).value).toBe(true)
  })

  it('the same right code is accepted once, and every other one is a failure', async () => {
    const { user, serial } = await owned('totp')
    await act('set', { serial, max_failcount: 1000 })
    const pass = totpAt(Date.now())
    const replies = await atOnce(100, () => checkBoth({ user, pass }))
    expect(tally(replies.map(({ message }) => message))).toEqual({
      'matching 1 tokens': 1,
      'wrong otp value. previous otp used again': 99,
    })
    expect((await tokenNow(serial)).failcount).toBe(99)
    expect((await checkBoth({ user, pass: totpAt(Date.now() + 30_000) })).value).toBe(true)
    expect((await tokenNow(serial)).failcount).toBe(0)
  })

  it('and once too where each waits for the others inside the object', async () => {
    const { user, serial } = await owned('hotp')
    await act('set', { serial, max_failcount: 1000 })
    const { stub, evict } = await objectOf(d, serial)
    expect((await checkBoth({ user, pass: '000000' })).value).toBe(false)
    await evict()
    const outcomes = await runInDurableObject(stub, (instance, { storage }) => {
      const [owner] = storage.sql.exec<{ copy: string }>('select copy from owner').toArray()
      const address = JSON.parse(owner!.copy)
      return atOnce(100, (index) =>
        (instance as ChallengeCoordinator).useOtp(address, {
          terms: {},
          attempt: `attempt ${index}`,
          guesses: [{ serial, otp: hotpAt(3) }],
          countWrong: true,
          application: 'default',
          client: null,
        }),
      )
    })
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
    expect((await checkBoth({ user, pass: hotpAt(3) })).value).toBe(false)
    expect((await checkBoth({ user, pass: hotpAt(4) })).value).toBe(true)
  })

  it('answers to one challenge redeem it once', async () => {
    const { user } = await owned('totp')
    const { envelope } = await admin.trigger({ user })
    const transactionId = envelope.detail?.transaction_id ?? ''
    const pass = totpAt(Date.now())
    const replies = await atOnce(100, () =>
      checkBoth({ user, transaction_id: transactionId, pass }),
    )
    expect(replies.filter(({ value }) => value === true)).toHaveLength(1)
    expect((await checkBoth({ user, pass })).value).toBe(false)
    expect((await checkBoth({ user, pass: totpAt(Date.now() + 30_000) })).value).toBe(true)
  })

  it('guesses at a challenge count like all others, whatever they look like', async () => {
    const { user, serial } = await owned('totp')
    const { envelope } = await admin.trigger({ user })
    const answer = { user, transaction_id: envelope.detail?.transaction_id ?? '' }
    const replies = await atOnce(50, (index) =>
      checkBoth({ ...answer, pass: index % 2 ? `wrong ${index}` : '000000' }),
    )
    expect(replies.some(({ value }) => value)).toBe(false)
    expect(await tokenNow(serial)).toMatchObject({ failcount: 10, locked: true })
    expect(await checkBoth({ ...answer, pass: totpAt(Date.now()) })).toMatchObject({
      value: false,
      message: 'Failcounter exceeded',
    })
    await act('reset', { serial })
    expect((await checkBoth({ ...answer, pass: totpAt(Date.now()) })).value).toBe(true)
  })
})

describe('what was counted', () => {
  it('survives a crash: neither a failure nor a used code comes back', async () => {
    const { user, serial } = await owned('hotp')
    const object = await objectOf(d, serial)
    expect((await checkBoth({ user, pass: hotpAt(0) })).value).toBe(true)
    await object.evict()
    expect((await checkBoth({ user, pass: hotpAt(0) })).value).toBe(false)
    for (let failed = 1; failed <= 10; failed++) {
      expect((await tokenNow(serial)).failcount).toBe(failed)
      await object.evict()
      await checkBoth({ user, pass: '000000' })
    }
    expect(await checkBoth({ user, pass: hotpAt(1) })).toEqual({
      value: false,
      message: 'Failcounter exceeded',
    })
    await act('reset', { serial })
    await object.evict()
    expect((await checkBoth({ user, pass: hotpAt(1) })).value).toBe(true)
  })

  it('survives the day the object forgets everything, because D1 has it', async () => {
    const { user, serial } = await owned('hotp')
    expect((await checkBoth({ user, pass: hotpAt(7) })).value).toBe(true)
    expect((await checkBoth({ user, pass: hotpAt(7) })).value).toBe(false)
    const object = await objectOf(d, serial)
    await untilForgotten(object, time)
    expect(await object.rows("select name from sqlite_master where name = 'counter'")).toEqual([])
    expect(await tokenNow(serial)).toMatchObject({ failcount: 1, count: 8 })
    expect((await checkBoth({ user, pass: hotpAt(7) })).message).toContain('used again')
    expect((await checkBoth({ user, pass: hotpAt(8) })).value).toBe(true)
  })

  it('reaches the list, which reads D1', async () => {
    const { user, serial } = await owned('totp')
    await checkBoth({ user, pass: '000000' })
    await checkBoth({ user, pass: totpAt(Date.now() + 60_000) })
    await checkBoth({ user, pass: '000000' })
    await admin.initToken({ type: 'hotp', user, genkey: 1 })
    const listed = async () => {
      const { envelope } = await admin.call('GET', `/token/?user=${user}&realm=default`)
      const { tokens } = envelope.result.value as { tokens: (Token & { serial: string })[] }
      expect(tokens).toHaveLength(2)
      return tokens.find((token) => token.serial === serial)
    }
    await until('the outbox', async () => (await listed())?.info.timeShift === '60.0')
    expect((await listed())?.failcount).toBe(1)
  })

  it('travels with the token: a used code stays used, a failure stays a failure', async () => {
    const made = await admin.initToken({ type: 'totp', otpkey: otpSeed })
    const serial = made.envelope.detail?.serial ?? ''
    const pass = totpAt(Date.now())
    expect((await checkBoth({ serial, pass })).value).toBe(true)
    for (let i = 0; i < 4; i++) await checkBoth({ serial, pass: '000000' })
    const [anna, bert] = [await d.person('moved-anna'), await d.person('moved-bert')]
    await act('assign', { serial, user: anna })
    expect(await tokenNow(serial)).toMatchObject({ failcount: 4 })
    expect((await checkBoth({ user: anna, pass })).message).toContain('used again')
    expect((await checkBoth({ user: anna, pass: totpAt(Date.now() + 30_000) })).value).toBe(true)
    await act('unassign', { serial })
    await act('assign', { serial, user: bert })
    for (const off of [0, 30_000])
      expect((await checkBoth({ user: bert, pass: totpAt(Date.now() + off) })).value).toBe(false)
    expect((await checkBoth({ user: anna, pass: totpAt(Date.now() + 60_000) })).message).toBe(
      'The user has no tokens assigned',
    )
    await act('unassign', { serial })
    await act('assign', { serial, user: anna })
    expect((await checkBoth({ user: anna, pass })).value).toBe(false)
    expect((await checkBoth({ user: anna, pass: totpAt(Date.now() + 60_000) })).value).toBe(true)
  })

  it('is a wrong PIN as well, where the configuration wants that', async () => {
    const { user, serial } = await owned('totp', { pin: '1234' })
    const wrong = { user, pass: `4321${totpAt(Date.now())}` }
    expect((await checkBoth(wrong)).message).toBe('wrong otp pin')
    expect((await tokenNow(serial)).failcount).toBe(0)
    const config = (value: string) =>
      admin.call('POST', '/system/setConfig', { IncFailCountOnFalsePin: value })
    await config('True')
    expect((await checkBoth(wrong)).message).toBe('wrong otp pin')
    expect((await tokenNow(serial)).failcount).toBe(1)
    await config('False')
    expect((await checkBoth({ user, pass: `1234${totpAt(Date.now())}` })).value).toBe(true)
    expect((await tokenNow(serial)).failcount).toBe(0)
  })

  it.each([
    ['a PIN', { pin: '1234' }, '4321000000', '1234'],
    // Nothing is counted of the guess itself there: the failure is the first that its object keeps.
    ['no PIN', {}, 'what?', ''],
  ])(
    'is a wrong PIN whatever becomes of the object meanwhile, of a token with %s',
    async (_, parameters, wrong, pin) => {
      await d.set({ countWrongPins: 1 })
      const { user, serial } = await owned('hotp', parameters)
      const object = await objectOf(d, serial)
      const dying = await deployment({
        COORDINATOR: disturbed('wrongPin', 'before', (stub) => evictDurableObject(stub)),
      })
      for (const [failed, application] of [
        [1, d.payroll],
        [2, dying.payroll],
      ] as const) {
        await untilForgotten(object, time)
        expect(await tablesOf(object)).toEqual({})
        const { envelope } = await application.check({ user, pass: wrong })
        expect(envelope.detail?.message).toBe('wrong otp pin')
        await object.evict()
        const kept = await object.rows('select serial, failCount, countAuth from counter')
        expect(kept).toEqual([{ serial, failCount: failed, countAuth: failed }])
        expect(await tokenNow(serial)).toMatchObject({ failcount: failed })
      }
      await d.set({ countWrongPins: 0 })
      expect((await checkBoth({ user, pass: `${pin}${hotpAt(0)}` })).value).toBe(true)
      expect(await tokenNow(serial)).toMatchObject({ failcount: 0 })
    },
  )

  it('stays with a token that is handed over, although the object dies between letting go and D1', async () => {
    const [anna, bert] = [await d.person('handing-anna'), await d.person('handing-bert')]
    const { envelope } = await admin.initToken({ type: 'hotp', user: anna, otpkey: otpSeed })
    const serial = envelope.detail?.serial ?? ''
    const object = await objectOf(d, serial)
    const meanwhile: unknown[] = []
    const dying = await deployment({
      COORDINATOR: disturbed('handOver', 'after', async () => {
        await object.evict()
        meanwhile.push(await checkBoth({ user: anna, pass: hotpAt(0) }))
      }),
    })
    // It keeps nothing before: what is let go is the first that it has to remember.
    await untilForgotten(object, time)
    expect(await tablesOf(object)).toEqual({})
    const by = await dying.newApplication('Moving')
    const taken = await by.call('POST', '/token/unassign', { serial })
    expect([taken.status, taken.envelope.result.error]).toEqual([200, undefined])
    expect(meanwhile).toEqual([{ value: false, message: 'The user has no tokens assigned' }])
    await act('assign', { serial, user: bert })
    expect((await checkBoth({ user: bert, pass: hotpAt(0) })).value).toBe(true)
    expect((await checkBoth({ user: bert, pass: hotpAt(0) })).value).toBe(false)
  })

  it('starts where the configuration says, for tokens made from then on', async () => {
    const { envelope } = await admin.call('POST', '/system/setConfig', { DefaultMaxFailCount: '2' })
    expect(envelope.result.status).toBe(true)
    const { user, serial } = await owned('totp')
    await admin.call('POST', '/system/setConfig', { DefaultMaxFailCount: '10' })
    for (let i = 0; i < 2; i++) await checkBoth({ user, pass: '000000' })
    const pass = totpAt(Date.now())
    expect((await checkBoth({ user, pass })).message).toBe('Failcounter exceeded')
    await act('reset', { user })
    expect((await checkBoth({ user, pass })).value).toBe(true)
    expect(await tokenNow(serial)).toMatchObject({ maxfail: 2 })
  })
})
