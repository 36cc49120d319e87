/** Policies of scope enrollment: what a new token may be, what its link says, and how many of them there may be. */
import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { tokens as tokensTable } from '../../schema/tables.ts'
import { randomPin } from '../../worker/policy/pin.ts'
import { actions } from '../../worker/policy/actions.ts'
import { random } from '../../worker/crypto/random.ts'
import type { Application } from '../support/application.ts'
import { enrol } from '../support/virtual-device.ts'
import { type Deployment, adminPassword, clock, deployment } from './deployment.ts'
import { otpSeed } from './seeds.ts'

let d: Deployment
let admin: Application
let time: ReturnType<typeof clock> | undefined
let people = 0
beforeAll(async () => {
  d = await deployment()
  const { envelope } = await d.payroll.auth('admin', adminPassword)
  const { token } = envelope.result.value as { token: string }
  admin = d.payroll.as({ token })
})
afterAll(() => time?.stop())
afterEach(async () => {
  time?.stop()
  for (const name of written.splice(0)) await admin.call('DELETE', `/policy/${name}`)
})

const newPerson = (more: object = {}) => d.person(`enrolled-${people++}`, more)

const written: string[] = []
/** For this test only. */
async function policy(scope: string, action: object, more: object = {}) {
  const name = `of-this-test-${written.length}`
  written.push(name)
  const { status, envelope } = await admin.call('POST', `/policy/${name}`, {
    scope,
    // Where a policy speaks of administrators, they may do what policies say and nothing else.
    action: scope === 'admin' ? { ...everyRight, ...action } : action,
    realm: '',
    ...more,
  })
  expect([status, envelope.result.error]).toEqual([200, undefined])
}

const everyRight = Object.fromEntries(
  Object.entries(actions.admin).flatMap(([name, { type }]) =>
    type === 'bool' ? [[name, true]] : [],
  ),
)

async function init(parameters: object = {}) {
  const { status, envelope } = await admin.initToken({
    type: 'totp',
    otpkey: otpSeed,
    ...parameters,
  })
  const detail = (envelope.detail ?? {}) as Record<string, unknown> & { serial: string }
  return { status, error: envelope.result.error, detail, serial: detail.serial }
}
const linkOf = ({ detail }: Awaited<ReturnType<typeof init>>) =>
  (detail.googleurl as { value: string }).value

describe('a link for an authenticator app', () => {
  it('says whose token it is and who issued it, with the tags filled and all of it quoted', async () => {
    const user = await newPerson({ givenname: 'Åsa', surname: 'O’Neil' })
    await policy('enrollment', {
      tokenlabel: '{user}@{realm}/{serial}',
      tokenissuer: 'ACME & {givenname} {surname}',
      appimageurl: 'https://acme.example/logo.png?a=1',
    })
    const made = await init({ user })
    const [name, query] = linkOf(made).split('?')
    expect(name).toBe(`otpauth://totp/${user}%40default/${made.serial}`)
    expect(query?.split('&').slice(3)).toEqual([
      'creator=privacyidea',
      'issuer=ACME%20%26%20%C3%85sa%20O%E2%80%99Neil',
      `serial=${made.serial}`,
      'image=https%3A//acme.example/logo.png%3Fa%3D1',
    ])
    expect((made.detail.oathurl as { value: string }).value).toContain(
      `name=${user}%40default/${made.serial}&`,
    )
  })

  it('knows the older tags, names nobody where the token is nobody’s, and is about those it names', async () => {
    const user = await newPerson()
    await policy('enrollment', { tokenlabel: '<u>-<r>-<s>' }, { user })
    const theirs = await init({ user })
    expect(linkOf(theirs)).toContain(`/${user}-default-${theirs.serial}?`)
    const other = await init({ user: await newPerson() })
    expect(linkOf(other)).toContain(`/${other.serial}?`)
    await policy('enrollment', { tokenissuer: '[{user}]' })
    expect(linkOf(await init())).toContain('&issuer=%5B%5D&')
  })

  it('cuts a label that would make the picture too dense, and nothing of the secret', async () => {
    await policy('enrollment', { tokenlabel: 'x'.repeat(300) })
    const link = linkOf(await init())
    const [name = '', query] = link.replace('otpauth://totp/', '').split('?')
    expect(name).toBe('x'.repeat(115))
    expect(query).toMatch(/^secret=[A-Z2-7]{32}&period=30&digits=6&/)
  })

  it('is refused, with the names, where two policies contradict each other', async () => {
    await policy('enrollment', { tokenlabel: 'a' })
    await policy('enrollment', { tokenlabel: 'b' })
    const refused = await init()
    expect([refused.status, refused.error?.code]).toEqual([403, 303])
    expect(refused.error?.message).toContain("'of-this-test-0', 'of-this-test-1'")
  })
})

type Told = { status: number; envelope: { result: { error?: { message: string } | undefined } } }
const refusal = ({ status, envelope }: Told) => [status, envelope.result.error?.message ?? null]
const post = (path: string, body: object = {}) => admin.call('POST', `/token/${path}`, body)
const tried = async (parameters: object) => {
  const { status, error } = await init(parameters)
  return [status, error?.message ?? null]
}
const ofUser = 'The number of tokens for this user is limited!'
const activeOfUser = 'The number of active tokens for this user is limited!'
const ofRealm = 'The number of tokens in this realm is limited!'

describe('how many tokens there may be', () => {
  it('is limited for a person, whatever the type, in privacyIDEA’s words', async () => {
    const user = await newPerson()
    await policy('enrollment', { max_token_per_user: 2 })
    await init({ user })
    await init({ user, type: 'hotp' })
    for (const type of ['totp', 'push']) expect(await tried({ user, type })).toEqual([403, ofUser])
    expect(await tried({ user: await newPerson() })).toEqual([200, null])
    expect(await tried({})).toEqual([200, null])
    await policy('enrollment', { max_token_per_user: 3 }, { user, priority: 7 })
    expect(await tried({ user, type: 'push' })).toEqual([200, null])
  })

  it('is limited type by type', async () => {
    const user = await newPerson()
    await policy('enrollment', { push_max_token_per_user: 1, totp_max_token_per_user: 1 })
    expect(await tried({ user, type: 'push' })).toEqual([200, null])
    expect(await tried({ user, type: 'push' })).toEqual([
      403,
      'The number of tokens of type push for this user is limited!',
    ])
    expect(await tried({ user })).toEqual([200, null])
    expect(await tried({ user, type: 'hotp' })).toEqual([200, null])
    expect(await tried({ user })).toEqual([
      403,
      'The number of tokens of type totp for this user is limited!',
    ])
  })

  it('counts only active ones where the policy says so, and enabling one counts', async () => {
    const user = await newPerson()
    await policy('enrollment', { max_active_token_per_user: 1 })
    const first = await init({ user })
    expect(await tried({ user })).toEqual([403, activeOfUser])
    await post('disable', { serial: first.serial })
    const second = await init({ user })
    expect(second.status).toBe(200)
    expect(refusal(await post('enable', { serial: first.serial }))).toEqual([403, activeOfUser])
    await post('disable', { serial: second.serial })
    expect(refusal(await post('enable', { serial: first.serial }))).toEqual([200, null])
    await post('disable', { serial: first.serial })
    // Both of them at once find room for one.
    expect(refusal(await post('enable', { user }))).toEqual([403, activeOfUser])
    await policy('enrollment', { push_max_active_token_per_user: 1 })
    await admin.call('DELETE', `/policy/${written[0]}`)
    expect(await tried({ user, type: 'push' })).toEqual([200, null])
    expect(await tried({ user, type: 'push' })).toEqual([
      403,
      'The number of active tokens of type push for this user is limited!',
    ])
  })

  it('is limited for a realm, its own tokens and those seen in it together', async () => {
    await d.newRealm('crowded')
    await admin.call('POST', '/user/', { user: 'crow', resolver: 'crowded', password: 'x' })
    await policy('enrollment', { max_token_per_realm: 2 }, { realm: 'crowded' })
    const of = { user: 'crow', realm: 'crowded' }
    expect(await tried(of)).toEqual([200, null])
    expect(await tried({ realm: 'crowded' })).toEqual([200, null])
    expect(await tried(of)).toEqual([403, ofRealm])
    expect(await tried({ tokenrealm: 'crowded' })).toEqual([403, ofRealm])
    const other = await init()
    const realms = { realms: 'crowded' }
    expect(refusal(await post(`realm/${other.serial}`, realms))).toEqual([403, ofRealm])
    const assigned = await post('assign', { serial: other.serial, ...of })
    expect(refusal(assigned)).toEqual([403, ofRealm])
    expect(refusal(await post(`realm/${other.serial}`, { realms: 'default' }))).toEqual([200, null])
  })

  it('holds where one is assigned, and the token refused is still good', async () => {
    const user = await newPerson()
    await policy('enrollment', { max_token_per_user: 1 })
    await init({ user })
    const { serial } = await init({ pin: '' })
    expect(refusal(await post('assign', { serial, user }))).toEqual([403, ofUser])
    const other = await newPerson()
    expect(refusal(await post('assign', { serial, user: other }))).toEqual([200, null])
  })

  it.each(['totp', 'push'])('lets one of ten %s inits at once pass', async (type) => {
    const user = await newPerson()
    await policy('enrollment', { max_token_per_user: 3 })
    await Promise.all([init({ user }), init({ user, type: 'hotp' })])
    const all = await Promise.all(Array.from({ length: 10 }, () => init({ user, type })))
    expect(all.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200,
      ...Array(9).fill(403),
    ])
    const { envelope } = await admin.call('GET', `/token/?user=${user}`)
    expect(envelope.result.value).toMatchObject({ count: 3 })
  })

  it('lets one of two that are assigned at once pass', async () => {
    const user = await newPerson()
    const serials = [(await init()).serial, (await init()).serial]
    await policy('enrollment', { max_token_per_user: 1 })
    const all = await Promise.all(serials.map((serial) => post('assign', { serial, user })))
    expect(all.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 403])
  })

  it('does not keep a lost token from being replaced', async () => {
    const user = await newPerson()
    await policy('enrollment', { max_token_per_user: 1 })
    const { serial } = await init({ user })
    expect((await post('lost', { serial })).status).toBe(200)
  })
})

describe('a PIN', () => {
  const rules = { otp_pin_minlength: 4, otp_pin_maxlength: 6, otp_pin_contents: 'cn' }
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

  it.each([
    ['a1', 'The minimum OTP PIN length is 4'],
    ['', 'The minimum OTP PIN length is 4'],
    ['abc1234', 'The maximum OTP PIN length is 6'],
    ['abcd', 'Missing character in PIN: 0123456789'],
    ['1234', `Missing character in PIN: ${letters}`],
    ['ab 12', 'Not allowed character in PIN!'],
  ])('%j is refused, wherever an administrator sets it', async (pin, message) => {
    const user = await newPerson()
    const { serial } = await init({ user, pin: 'before1' })
    await policy('admin', rules)
    expect(await tried({ user, pin })).toEqual([403, message])
    for (const [path, body] of [
      [`setpin/${serial}`, { otppin: pin }],
      ['set', { serial, pin }],
      ['assign', { serial: (await init({ pin: 'abc1' })).serial, user, pin }],
    ] as const)
      expect([path, ...refusal(await post(path, body))]).toEqual([path, 403, message])
    expect(refusal(await post('setpin', { serial, otppin: 'abc1' }))).toEqual([200, null])
  })

  it('obeys scope admin before scope enrollment, and that where admin says nothing', async () => {
    await policy('enrollment', { otp_pin_minlength: 8, otp_pin_contents: '-c' })
    expect(await tried({ pin: '1234' })).toEqual([403, 'The minimum OTP PIN length is 8'])
    await policy('admin', { otp_pin_minlength: 4 })
    expect(await tried({ pin: 'abcd' })).toEqual([403, 'Not allowed character in PIN!'])
    expect(await tried({ pin: '1234' })).toEqual([200, null])
  })

  it('may be one group of characters, or of some only', async () => {
    await policy('admin', { otp_pin_contents: '+cn' })
    expect(await tried({ pin: '!!!!' })).toEqual([
      403,
      `Missing character in PIN: ${letters}0123456789`,
    ])
    expect(await tried({ pin: '!!!1' })).toEqual([200, null])
    await policy('admin', { otp_pin_contents: '[1234]' }, { priority: 1 })
    await admin.call('DELETE', `/policy/${written[0]}`)
    expect(await tried({ pin: '1235' })).toEqual([403, 'Not allowed character in PIN!'])
    expect(await tried({ pin: '1234' })).toEqual([200, null])
    const { status } = await admin.call('POST', '/policy/wrong', {
      scope: 'admin',
      realm: '',
      action: { otp_pin_contents: 'xyz' },
    })
    expect(status).toBe(400)
  })

  it('is made at random where a policy says so, as the contents want it, and told once', async () => {
    const user = await newPerson()
    await policy('enrollment', { otp_pin_random: 12 })
    await policy('admin', { otp_pin_contents: 'cns' })
    const { detail, serial } = await init({ user, type: 'push', pin: 'mine' })
    const pin = String(detail.pin)
    expect(pin).toHaveLength(12)
    for (const some of [/[a-z]/i, /\d/, /[^a-z\d]/i]) expect(pin).toMatch(some)
    const [row] = await d.db.select().from(tokensTable).where(eq(tokensTable.serial, serial))
    expect(row?.pinHash).toMatch(/^scrypt\$/)
    expect(JSON.stringify((await admin.token(serial)).envelope)).not.toContain(pin)
    const totp = await init({ user })
    const { envelope } = await d.payroll.check({ user, pass: String(totp.detail.pin) })
    // Right, but no one-time password behind it.
    expect(envelope.detail?.message).toBe('wrong otp pin')
  })

  it('at random is of the length that scope admin says, whatever hardening does', async () => {
    const { serial } = await init()
    await policy('admin', { otp_pin_set_random: 5, otp_pin_contents: '-cs' })
    const { envelope } = await post('setrandompin', { serial })
    expect(envelope.detail).toMatchObject({ pin: expect.stringMatching(/^\d{5}$/) })
  })

  it('made at random holds each class, wherever it stands, and each character comes', () => {
    const pins = Array.from({ length: 400 }, () => randomPin(6, 'n', random))
    const places = new Set(
      pins.flatMap((pin) => [...pin].flatMap((one, at) => (/\d/.test(one) ? [at] : []))),
    )
    expect(places.size).toBe(6)
    expect(pins.every((pin) => /\d/.test(pin))).toBe(true)
    const digits = new Set(Array.from({ length: 400 }, () => randomPin(1, '-cs', random)))
    expect([...digits].toSorted().join('')).toBe('0123456789')
  })
})

describe('push_ttl', () => {
  it('is how many minutes a device has, for those it is about', async () => {
    time = clock()
    const hurried = await newPerson()
    await policy('enrollment', { push_ttl: 2 }, { user: hurried })
    const begin = async (user: string) => {
      const { envelope } = await admin.initToken({ user })
      return envelope.detail?.enrolment_url ?? ''
    }
    const [late, other, inTime] = [
      await begin(hurried),
      await begin(await newPerson()),
      await begin(hurried),
    ]
    time.forward(119)
    expect((await enrol(d.server, { invitation: inTime })).serial).toMatch(/^PIPU/)
    time.forward(1)
    await expect(enrol(d.server, { invitation: late })).rejects.toThrow('410 enrolment_expired')
    expect((await enrol(d.server, { invitation: other })).serial).toMatch(/^PIPU/)
  })
})
