/** One-time passwords: the standards' own vectors, drift, what a login says, and challenges that are answered by typing. */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fromBase32, toBase32 } from '../../schema/base32.ts'
import { utf8 } from '../../schema/encoding.ts'
import { audit } from '../../schema/tables.ts'
import { seal, unseal } from '../../worker/crypto/seal.ts'
import { random } from '../../worker/crypto/random.ts'
import { deploymentOf } from '../../worker/env.ts'
import { type OtpKind, hotp, matchOtp, resynchronised } from '../../worker/factor/otp.ts'
import { until } from '../support/until.ts'
import type { Application } from '../support/application.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { otpSeed, secondSeed, totpAt } from './seeds.ts'

const digits = '12345678901234567890'
const seedOf = (bytes: number): Uint8Array<ArrayBuffer> => utf8(digits.repeat(4).slice(0, bytes))

const kind = (of: Partial<OtpKind>): OtpKind => ({
  type: 'totp',
  length: 6,
  hashlib: 'sha1',
  timeStep: 30,
  timeWindow: 180,
  countWindow: 10,
  syncWindow: 1000,
  ...of,
})

describe('RFC 4226', () => {
  it.each(
    [
      '755224',
      '287082',
      '359152',
      '969429',
      '338314',
      '254676',
      '287922',
      '162583',
      '399871',
      '520489',
    ].map((code, counter) => ({ counter, code })),
  )('says $code at $counter', ({ counter, code }) => {
    expect(hotp(seedOf(20), counter, 6, 'sha1')).toBe(code)
    expect(hotp(seedOf(20), counter + 1, 6, 'sha1')).not.toBe(code)
  })
})

describe('RFC 6238', () => {
  it.each([
    { at: 59, sha1: '94287082', sha256: '46119246', sha512: '90693936' },
    { at: 1111111109, sha1: '07081804', sha256: '68084774', sha512: '25091201' },
    { at: 1111111111, sha1: '14050471', sha256: '67062674', sha512: '99943326' },
    { at: 1234567890, sha1: '89005924', sha256: '91819424', sha512: '93441116' },
    { at: 2000000000, sha1: '69279037', sha256: '90698825', sha512: '38618901' },
    { at: 20000000000, sha1: '65353130', sha256: '77737706', sha512: '47863826' },
  ])('is met at $at, with every hash', ({ at, ...expected }) => {
    const step = Math.floor(at / 30)
    expect({
      sha1: hotp(seedOf(20), step, 8, 'sha1'),
      sha256: hotp(seedOf(32), step, 8, 'sha256'),
      sha512: hotp(seedOf(64), step, 8, 'sha512'),
    }).toEqual(expected)
  })
})

describe('a match', () => {
  const now = 1_800_000_000
  const step = now / 30
  const at = (steps: number) => hotp(seedOf(20), step + steps, 6, 'sha1')
  const fresh = { counter: 0, timeShift: 0 }

  it('forgives a clock that is off by three minutes either way, and no more', () => {
    const tried = [-7, -6, 0, 6, 7].map((off) =>
      matchOtp(kind({}), seedOf(20), fresh, at(off), now),
    )
    expect(tried.map(({ ok }) => ok)).toEqual([false, true, true, true, false])
  })

  it('remembers how far the clock is off, so that it may drift further from there', () => {
    const drifted = matchOtp(kind({}), seedOf(20), fresh, at(5), now)
    expect(drifted).toEqual({ ok: true, state: { counter: step + 6, timeShift: 150 } })
    const state = drifted.ok ? drifted.state : fresh
    expect(matchOtp(kind({}), seedOf(20), state, at(10), now)).toMatchObject({ ok: true })
    expect(matchOtp(kind({}), seedOf(20), fresh, at(10), now)).toMatchObject({ ok: false })
  })

  it('takes no step twice and none before the last one, and says that it was used', () => {
    const state = { counter: step + 1, timeShift: 0 }
    for (const off of [0, -1])
      expect(matchOtp(kind({}), seedOf(20), state, at(off), now)).toEqual({
        ok: false,
        usedBefore: true,
      })
    expect(matchOtp(kind({}), seedOf(20), state, at(1), now).ok).toBe(true)
  })

  it('of a counter looks ahead by its window, and no further', () => {
    const hotpKind = kind({ type: 'hotp' })
    const code = (counter: number) => hotp(seedOf(20), counter, 6, 'sha1')
    const state = { counter: 5, timeShift: 0 }
    expect(matchOtp(hotpKind, seedOf(20), state, code(16), now)).toMatchObject({ ok: false })
    expect(matchOtp(hotpKind, seedOf(20), state, code(4), now)).toMatchObject({ usedBefore: true })
    expect(matchOtp(hotpKind, seedOf(20), state, code(15), now)).toEqual({
      ok: true,
      state: { counter: 16, timeShift: 0 },
    })
  })

  it('is found again far away by two codes in a row, not by one, and not backwards', () => {
    const hotpKind = kind({ type: 'hotp' })
    const code = (counter: number) => hotp(seedOf(20), counter, 6, 'sha1')
    const state = { counter: 5, timeShift: 0 }
    const tried = (first: number, second: number) =>
      resynchronised(hotpKind, seedOf(20), state, [code(first), code(second)], now)
    expect([tried(900, 902), tried(3, 4), tried(1100, 1101)]).toEqual([null, null, null])
    expect(tried(900, 901)).toEqual({ counter: 902, timeShift: 0 })
    expect(resynchronised(kind({}), seedOf(20), fresh, [at(100), at(101)], now)).toEqual({
      counter: step + 102,
      timeShift: 3030,
    })
  })

  it.each(['', '12345', '1234567', '12345a', '１２３４５６', ' 123456', '-12345'])(
    'is never made of %j',
    (typed) => {
      expect(matchOtp(kind({}), seedOf(20), fresh, typed, now)).toEqual({
        ok: false,
        usedBefore: false,
      })
    },
  )
})

describe('a seed', () => {
  it('is written in base32 and read back, padding and case forgiven', () => {
    expect(toBase32(utf8('foobar'))).toBe('MZXW6YTBOI')
    expect(fromBase32('mzxw6ytb oi======')).toEqual(utf8('foobar'))
    expect([fromBase32('MZXW6YTBO1'), fromBase32('A')]).toEqual([null, null])
  })

  it('opens with its own key and its own row, unchanged, and with nothing else', async () => {
    const { master } = await deploymentOf(env)
    const other = await crypto.subtle.importKey('raw', random(32), 'HKDF', false, ['deriveKey'])
    const sealed = await seal(master, 'seed/A', seedOf(20), random)
    const [keyId, body = ''] = sealed.split('.')
    const spoilt = `${keyId}.${body.slice(0, -2)}${body.at(-2) === 'A' ? 'B' : 'A'}${body.slice(-1)}`
    expect(await unseal(master, 'seed/B', sealed)).toBeNull()
    expect(await unseal(master, 'seed/A', spoilt)).toBeNull()
    expect(await unseal(master, 'seed/A', body)).toBeNull()
    expect(await unseal(other, 'seed/A', sealed).catch(() => null)).toBeNull()
    expect(await seal(master, 'seed/A', seedOf(20), random)).not.toBe(sealed)
    expect(await unseal(master, 'seed/A', sealed)).toEqual(seedOf(20))
  })
})

describe('a login', () => {
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
  // Each test its own step, so that no code of one is spent for the next.
  afterEach(() => time.forward(3600))

  const newPerson = () => d.person(`typist-${people++}`)
  const init = async (parameters: object) => {
    const { status, envelope } = await admin.initToken(parameters)
    if (status !== 200) throw new Error(JSON.stringify(envelope))
    return envelope.detail?.serial ?? ''
  }
  const totp = async (parameters: object = {}) => {
    const user = await newPerson()
    return { user, serial: await init({ type: 'totp', user, otpkey: otpSeed, ...parameters }) }
  }
  const check = async (parameters: object) => {
    const { envelope } = await admin.check(parameters)
    return { ...envelope.result, ...envelope.detail }
  }
  /** The code that an authenticator app shows now. */
  const code = (off = 0, length = 6) => totpAt(Date.now() + off * 30_000, length)
  const say = async (name: string, action: object, scope = 'authentication') => {
    const policy = { scope, realm: '', action }
    expect((await admin.call('POST', `/policy/${name}`, policy)).status).toBe(200)
    return async () => {
      await admin.call('DELETE', `/policy/${name}`)
    }
  }

  it('takes a PIN and a one-time password in one string, once', async () => {
    const { user, serial } = await totp({ pin: '1234' })
    expect(await check({ user, pass: `1235${code()}` })).toMatchObject({
      value: false,
      message: 'wrong otp pin',
    })
    expect(await check({ user, pass: `1234${code(-20)}` })).toMatchObject({
      value: false,
      authentication: 'REJECT',
      message: 'wrong otp value',
      serial,
      type: 'totp',
      otplen: 6,
    })
    expect(await check({ user, pass: `1234${code()}` })).toMatchObject({
      value: true,
      authentication: 'ACCEPT',
      message: 'matching 1 tokens',
      serial,
      type: 'totp',
      otplen: 6,
    })
    expect(await check({ user, pass: `1234${code()}` })).toMatchObject({
      value: false,
      message: 'wrong otp value. previous otp used again',
    })
    expect(await check({ user, pass: '1234' })).toMatchObject({ message: 'wrong otp pin' })
    expect(await check({ user, pass: code(1) })).toMatchObject({ message: 'wrong otp pin' })
    expect((await check({ user, pass: `1234${code(1)}` })).value).toBe(true)
  })

  it('is written down, right or wrong, with neither the PIN nor the code', async () => {
    const { user, serial } = await totp({ pin: 'hidden' })
    const tried = [`wrong${code()}`, `hidden${code(-20)}`, `hidden${code()}`]
    for (const pass of tried) await check({ user, pass })
    const rows = await until('the outbox', async () => {
      const all = await d.db.select().from(audit).where(eq(audit.serial, serial))
      const checks = all.filter(({ action }) => action === 'check')
      return checks.length >= 3 && checks
    })
    expect(rows.map(({ success, detail }) => [success, detail?.reason])).toEqual([
      [false, 'wrong_pin'],
      [false, 'wrong_otp'],
      [true, undefined],
    ])
    expect(rows).toMatchObject([
      { user, realm: 'default' },
      {},
      { application: expect.any(String) },
    ])
    const told = rows.map(({ number: _, at: __, ...row }) => row)
    for (const secret of ['hidden', ...tried.map((pass) => pass.slice(-6))])
      expect(JSON.stringify(told)).not.toContain(secret)
  })

  it('takes it alone where there is no PIN, or where it is asked for', async () => {
    const bare = await totp()
    expect(await check({ user: bare.user, pass: `1${code()}` })).toMatchObject({ value: false })
    expect(await check({ user: bare.user, pass: code() })).toMatchObject({ value: true })
    const { user, serial } = await totp({ pin: '1234' })
    for (const passedOver of [{ user }, { user, serial }])
      expect(await check({ ...passedOver, otponly: 1, pass: code() })).toMatchObject({
        message: 'wrong otp pin',
      })
    const alone = { serial, otponly: 1 }
    expect(await check({ ...alone, pass: `1234${code()}` })).toMatchObject({
      value: false,
      message: 'OTP verification failed.',
    })
    expect(await check({ ...alone, pass: code() })).toMatchObject({ value: true, serial })
    expect(await check({ ...alone, pass: code() })).toMatchObject({ value: false })
  })

  it.each(['sha1', 'sha256', 'sha512'])('works with %s and eight digits', async (hashlib) => {
    const user = await newPerson()
    const made = await admin.initToken({ user, type: 'hotp', genkey: 1, hashlib, otplen: 8 })
    const { otpkey } = made.envelope.detail as { otpkey?: { value_b32: string } }
    const seed = fromBase32(otpkey?.value_b32 ?? '')!
    expect(seed).toHaveLength({ sha1: 20, sha256: 32, sha512: 64 }[hashlib]!)
    const at = (counter: number) => hotp(seed, counter, 8, hashlib as 'sha1')
    expect((await check({ user, pass: at(0).slice(2) })).value).toBe(false)
    expect(await check({ user, pass: at(0) })).toMatchObject({ value: true, otplen: 8 })
    expect(await check({ user, pass: at(9) })).toMatchObject({ value: true })
    expect((await check({ user, pass: at(5) })).message).toBe(
      'wrong otp value. previous otp used again',
    )
    expect(await check({ user, pass: at(10) })).toMatchObject({ value: true })
  })

  it('takes each recovery code once, in any order, as people write them', async () => {
    const user = await newPerson()
    const made = await admin.initToken({ user, type: 'recovery', pin: 'pin' })
    const { otps, serial } = made.envelope.detail as {
      otps: Record<string, string>
      serial: string
    }
    const codes = Object.values(otps)
    expect([codes.length, new Set(codes).size, serial.slice(0, 4)]).toEqual([10, 10, 'RECV'])
    for (const one of codes.toReversed())
      expect(await check({ user, pass: `pin${one.toLowerCase()}` })).toMatchObject({ value: true })
    expect(await check({ user, pass: `pin${codes[3]}` })).toMatchObject({
      message: 'wrong otp value. previous otp used again',
    })
    const again = await admin.initToken({ user, type: 'recovery', pin: 'pin' })
    const fresh = Object.values((again.envelope.detail as { otps: Record<string, string> }).otps)
    expect(await check({ user, pass: `pin${fresh[0]}` })).toMatchObject({ value: true })
  })

  it('says which tokens matched where only one did, and how many otherwise', async () => {
    const { user } = await totp()
    await init({ type: 'totp', user, otpkey: otpSeed })
    const both = await check({ user, pass: code() })
    expect(both).toMatchObject({ value: true, message: 'matching 2 tokens' })
    expect([both.serial, both.type, both.otplen]).toEqual([undefined, undefined, undefined])
    expect((await check({ user, pass: code() })).value).toBe(false)
    await init({ type: 'totp', user, otpkey: secondSeed })
    expect(await check({ user, pass: totpAt(Date.now(), 6, secondSeed) })).toMatchObject({
      message: 'matching 1 tokens',
    })
  })

  it('by PIN alone asks for the code where the policy says so, and for nothing otherwise', async () => {
    const { user, serial } = await totp({ pin: '1234' })
    expect(await check({ user, pass: '1234' })).toMatchObject({ message: 'wrong otp pin' })
    const silence = await say('second_step', { challenge_response: 'totp hotp' })
    const { envelope } = await admin.check({ user, pass: '1234' })
    expect(envelope.result).toMatchObject({ value: false, authentication: 'CHALLENGE' })
    const transactionId = envelope.detail?.transaction_id ?? ''
    const one = {
      client_mode: 'interactive',
      message: 'please enter otp: ',
      serial,
      transaction_id: transactionId,
      type: 'totp',
      image: '',
      link: '',
    }
    expect(envelope.detail).toEqual({
      ...one,
      messages: ['please enter otp: '],
      multi_challenge: [one],
      transaction_ids: [transactionId],
      preferred_client_mode: 'interactive',
      expires_at: expect.any(Number),
      threadid: 1,
    })
    const answer = { user, transaction_id: transactionId }
    expect(await check({ ...answer, pass: code(-20) })).toMatchObject({
      value: false,
      message: 'Response did not match the challenge.',
      serial,
      type: 'totp',
    })
    expect(await check({ ...answer, pass: code() })).toMatchObject({
      value: true,
      authentication: 'ACCEPT',
      message: 'Found matching challenge',
      serial,
    })
    expect(await check({ ...answer, pass: code(1) })).toMatchObject({
      value: false,
      message: 'wrong otp pin',
    })
    await silence()
  })

  it('is asked of a device and by typing under one transaction; who types ends the prompt', async () => {
    const { user, serial } = await totp({ pin: '1234' })
    const phone = await d.device(user, { pin: '1234' })
    const { envelope } = await admin.trigger({ user })
    expect(envelope.result.value).toBe(2)
    const detail = envelope.detail as unknown as {
      multi_challenge: { type: string; client_mode: string; transaction_id: string }[]
      message: string
      transaction_id: string
      preferred_client_mode: string
    }
    expect(detail.multi_challenge.map(({ type, client_mode: mode }) => [type, mode])).toEqual([
      ['totp', 'interactive'],
      ['push', 'poll'],
    ])
    expect(new Set(detail.multi_challenge.map((one) => one.transaction_id)).size).toBe(1)
    expect(detail.message).toMatch(/^please enter otp: , Please confirm/)
    expect(detail.preferred_client_mode).toBe('interactive')
    expect(await phone.list()).toHaveLength(1)

    const answer = { user, transaction_id: detail.transaction_id }
    expect(await check({ ...answer, pass: code(-20) })).toMatchObject({
      value: false,
      message: 'Response did not match for 2 tokens.',
    })
    expect(await phone.list()).toHaveLength(1)
    expect(await check({ ...answer, pass: code() })).toMatchObject({ value: true, serial })
    expect(await phone.list()).toHaveLength(0)
    expect((await check({ ...answer, pass: code(1) })).value).toBe(false)

    const next = await admin.ask({ user })
    await phone.approve((await phone.list())[0]!, next.code)
    expect(await check({ user, transaction_id: next.transactionId, pass: '' })).toMatchObject({
      value: true,
      serial: phone.serial,
    })
  })

  it('that was declined on the device stays declined, whatever is typed after', async () => {
    const { user } = await totp()
    const phone = await d.device(user)
    const { transactionId } = await admin.ask({ user })
    await phone.decline((await phone.list())[0]!)
    expect(await check({ user, transaction_id: transactionId, pass: code() })).toMatchObject({
      value: false,
      authentication: 'DECLINED',
    })
    const next = await admin.ask({ user })
    expect(await check({ user, transaction_id: next.transactionId, pass: code() })).toMatchObject({
      value: true,
    })
  })

  it("is over when its time is, and another application's is unknown", async () => {
    const { user } = await totp()
    const { envelope } = await admin.trigger({ user })
    const answer = { user, transaction_id: envelope.detail?.transaction_id ?? '' }
    const stranger = await d.newApplication('Stranger')
    expect((await stranger.check({ ...answer, pass: code() })).envelope.result.value).toBe(false)
    time.forward(121)
    expect((await check({ ...answer, pass: code() })).value).toBe(false)
    const next = await admin.trigger({ user })
    const late = { user, transaction_id: next.envelope.detail?.transaction_id ?? '' }
    time.forward(119)
    expect((await check({ ...late, pass: code() })).value).toBe(true)
  })

  it('with State judges what is typed at once, and waits only for a device', async () => {
    const { user } = await totp()
    await d.device(user)
    const { transactionId } = await admin.ask({ user })
    expect(await check({ user, state: transactionId, pass: code(-20) })).toMatchObject({
      value: false,
    })
    expect(await check({ user, state: transactionId, pass: code() })).toMatchObject({ value: true })
  })

  it('chooses tokens by serial, and by type where the policy lets the application', async () => {
    const { user, serial } = await totp()
    const counter = await init({ type: 'hotp', user, otpkey: otpSeed })
    const triggered = async (more: object) => {
      const { envelope } = await admin.call('POST', '/validate/triggerchallenge', { user, ...more })
      const { multi_challenge: all } = envelope.detail as { multi_challenge: { serial: string }[] }
      return [envelope.result.value, ...all.map((one) => one.serial)]
    }
    expect(await triggered({})).toEqual([2, serial, counter])
    expect(await triggered({ serial: counter })).toEqual([1, counter])
    expect(await triggered({ type: 'hotp' })).toEqual([2, serial, counter])
    const silence = await say('types', { application_tokentype: true }, 'authorization')
    expect(await triggered({ type: 'hotp' })).toEqual([1, counter])
    expect(await check({ user, type: 'hotp', pass: code() })).toMatchObject({ value: false })
    expect(await check({ user, type: 'totp', pass: code() })).toMatchObject({ value: true, serial })
    await silence()
  })
})
