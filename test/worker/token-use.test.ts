/** How often a token was used, how often and when it may be, and how it is found and made. */
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fromBase32, toBase32 } from '../../schema/base32.ts'
import type { Application } from '../support/application.ts'
import { until } from '../support/until.ts'
import { type Deployment, adminPassword, clock, deployment } from './deployment.ts'
import { hotpAt, otpSeed } from './seeds.ts'

let d: Deployment
let admin: Application
let time: ReturnType<typeof clock> | undefined
let people = 0
beforeAll(async () => {
  d = await deployment()
  const { envelope } = await d.payroll.auth('admin', adminPassword)
  admin = d.payroll.as(envelope.result.value as { token: string })
})
afterAll(() => time?.stop())
afterEach(() => time?.stop())

type Listed = { serial: string; info: Record<string, string> }
const list = async (query: Record<string, string>) => {
  const { envelope } = await admin.call('GET', `/token/?${new URLSearchParams(query)}`)
  return (envelope.result.value as { tokens: Listed[] }).tokens
}
const infoOf = async (serial: string) => (await list({ serial }))[0]?.info ?? {}
async function made(parameters: object = {}) {
  const user = await d.person(`user-${people++}`)
  const { status, envelope } = await admin.initToken({
    type: 'hotp',
    otpkey: otpSeed,
    user,
    pin: '1234',
    ...parameters,
  })
  expect(status).toBe(200)
  return { user, serial: envelope.detail?.serial ?? '' }
}
const check = async (user: string, pass: string) => {
  const { envelope } = await d.payroll.check({ user, pass })
  return [envelope.result.value, envelope.detail?.message]
}
const set = async (serial: string, body: object) => {
  const { status, envelope } = await admin.call('POST', `/token/set/${serial}`, body)
  return [status, envelope.result.value ?? envelope.result.error?.code]
}

describe('uses of a token', () => {
  it('are counted: tries behind a right PIN, successes, and when the last one was', async () => {
    const { user, serial } = await made()
    expect(Object.keys(await infoOf(serial))).toEqual(
      expect.not.arrayContaining(['count_auth', 'count_auth_success', 'last_auth']),
    )
    await check(user, `1234${hotpAt(0)}`)
    await check(user, '1234000000')
    await check(user, `9999${hotpAt(1)}`)
    await check(user, `1234${hotpAt(1)}`)
    const info = await infoOf(serial)
    expect(info).toMatchObject({ count_auth: '3', count_auth_success: '2' })
    expect(info.last_auth).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+0000$/)
    expect(info.assignment_date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/)
    // A list reads D1, which follows.
    await until('D1 to know', async () => {
      const [one] = (await list({ user })).filter((token) => token.serial === serial)
      return one?.info.count_auth === '3'
    })
  })

  it('are counted exactly when they come at once', async () => {
    const { user, serial } = await made()
    await Promise.all(Array.from({ length: 6 }, (_, at) => check(user, `1234${hotpAt(at)}`)))
    const { count_auth: all, count_auth_success: good } = await infoOf(serial)
    expect(Number(all)).toBe(6)
    expect(Number(good)).toBeGreaterThan(0)
  })

  it('of a device count when its approval is redeemed', async () => {
    const user = await d.person(`user-${people++}`)
    const device = await d.device(user)
    const { transactionId, code } = await d.payroll.ask({ user })
    await device.approve((await device.list())[0]!, code)
    expect((await d.payroll.redeem({ user }, transactionId)).envelope.result.value).toBe(true)
    expect(await infoOf(device.serial)).toMatchObject({ count_auth: '1', count_auth_success: '1' })
  })

  it('end at the number that an administrator sets, and go on when it is raised', async () => {
    const { user, serial } = await made()
    expect(await set(serial, { count_auth_success_max: 1, count_auth_max: 0 })).toEqual([200, 2])
    expect(await check(user, `1234${hotpAt(0)}`)).toEqual([true, 'matching 1 tokens'])
    expect(await check(user, `1234${hotpAt(1)}`)).toEqual([
      false,
      'Authentication counter exceeded',
    ])
    expect(await set(serial, { count_auth_success_max: 2 })).toEqual([200, 1])
    expect(await check(user, `1234${hotpAt(1)}`)).toEqual([true, 'matching 1 tokens'])
    expect(await infoOf(serial)).toMatchObject({ count_auth_success_max: '2' })
  })
})

describe('the time of a token', () => {
  it('is from its start to its end, set when it is made or later', async () => {
    time = clock()
    const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()
    const { user, serial } = await made({
      validity_period_start: at(60),
      validity_period_end: at(120).replace('Z', '+0000'),
    })
    expect(await check(user, `1234${hotpAt(0)}`)).toEqual([false, 'Outside validity period'])
    time.forward(61)
    expect(await check(user, `1234${hotpAt(0)}`)).toEqual([true, 'matching 1 tokens'])
    time.forward(60)
    expect(await check(user, `1234${hotpAt(1)}`)).toEqual([false, 'Outside validity period'])
    expect(await set(serial, { validity_period_end: 'tomorrow' })).toEqual([400, 905])
    expect(await set(serial, { validity_period_end: '' })).toEqual([200, 1])
    expect(await check(user, `1234${hotpAt(1)}`)).toEqual([true, 'matching 1 tokens'])
  })
})

describe('a token is found', () => {
  it('by a note of it, by one of several types, and in the order of serials', async () => {
    const one = await made()
    const two = await made({ type: 'totp' })
    await admin.call('POST', `/token/info/${one.serial}/shelf`, { value: 'B 12' })
    const found = async (query: Record<string, string>) =>
      (await list({ pagesize: '1000', ...query })).map(({ serial }) => serial)
    expect(await found({ infokey: 'shelf', infovalue: 'B*' })).toEqual([one.serial])
    expect(await found({ infokey: 'shelf', infovalue: 'C*' })).toEqual([])
    expect(await found({ infokey: `x' or 1=1 --`, infovalue: '*' })).toEqual([])
    const both = await found({ type_list: 'hotp,totp' })
    expect(both).toEqual(expect.arrayContaining([one.serial, two.serial]))
    expect(both).toEqual(both.toSorted((a, b) => (a < b ? -1 : 1)))
    expect(await found({ type_list: 'totp' })).not.toContain(one.serial)
  })
})

describe('a seed', () => {
  it('is taken as an app shows it, with its checksum, and refused with a slip in it', async () => {
    const seed = new TextEncoder().encode('12345678901234567890')
    const sum = createHash('sha1').update(seed).digest().subarray(0, 4)
    const typed = toBase32(Uint8Array.from([...sum, ...seed]))
    const { user } = await made({ otpkey: typed, otpkeyformat: 'base32check' })
    expect(await check(user, `1234${hotpAt(0)}`)).toEqual([true, 'matching 1 tokens'])
    const slip = (typed.startsWith('A') ? 'B' : 'A') + typed.slice(1)
    expect(fromBase32(slip)).not.toBeNull()
    const refused = await admin.initToken({
      type: 'hotp',
      otpkey: slip,
      otpkeyformat: 'base32check',
    })
    expect([refused.status, refused.envelope.result.error?.code]).toEqual([400, 905])
  })
})

it('a type that nobody knows is refused by privacyIDEA’s number', async () => {
  const { status, envelope } = await admin.initToken({ type: 'sms', genkey: 1 })
  expect([status, envelope.result.error]).toEqual([
    400,
    {
      code: 1610,
      message:
        "ERR1610: unknown token type 'sms'. Supported types are: push, totp, hotp, recovery, passkey, registration",
    },
  ])
})
