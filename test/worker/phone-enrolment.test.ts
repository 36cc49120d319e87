/** How a stock phone is enrolled: which app the policy asks for, what its code says, whose key is taken, and where ours comes from. */
import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { grantKeys, customers, phones, serverKeys, tokens } from '../../schema/tables.ts'
import { phoneKeyOf } from '../../worker/crypto/rsa.ts'
import worker from '../../worker/index.ts'
import type { Application } from '../support/application.ts'
import { readStockLink } from '../support/stock-phone-link.ts'
import { phoneKeys, publicKeyText } from '../support/stock-phone-keys.ts'
import { StockPhone } from '../support/stock-phone.ts'
import { enrol } from '../support/virtual-device.ts'
import vectors from '../vectors/phone.json'
import { type Deployment, clock, deployment, origin } from './deployment.ts'
import { type PhoneBox, phoneBox } from './phone-box.ts'

let d: Deployment
let box: PhoneBox
let admin: Application
beforeAll(async () => {
  d = await deployment()
  admin = await d.newApplication('Admin')
  await admin.call('DELETE', '/policy/hardening')
  box = await phoneBox(d)
})
afterEach(async () => {
  await box.enrolments({ push_firebase_configuration: 'poll only' })
  vi.restoreAllMocks()
})

let made = 0
const person = () => d.person(`enrolling-${made++}`)
const post = async (body: Record<string, string>) => {
  const response = await d.fetch('/ttype/push', {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: String(new URLSearchParams(body)),
  })
  const { result, detail } = (await response.json()) as {
    result: { value?: unknown; error?: { code: number; message: string } }
    detail: Record<string, string> | null
  }
  return { status: response.status, value: result.value, error: result.error, detail }
}
const { spki } = vectors.keys.phone
async function step2(more: Record<string, string> = {}) {
  const { serial, credential } = readStockLink(await box.invite(await person()))
  const body = { serial, enrollment_credential: credential, fbtoken: 'no_firebase_token' }
  return { ...body, pubkey: spki, ...more }
}

describe('the enrolment policy', () => {
  it('decides which app is meant; without one nobody enrols, in the wire’s own words', async () => {
    const user = await person()
    const stock = (await d.payroll.initToken({ user })).envelope
    expect(stock.detail).toMatchObject({
      rollout_state: 'clientwait',
      pushurl: { description: 'URL for privacyIDEA Push Token' },
    })
    await box.enrolments(null)
    const own = (await d.payroll.initToken({ user })).envelope.detail as {
      pushurl: { value: string }
      enrolment_url: string
    }
    expect(own.pushurl.value).toBe(own.enrolment_url)
    expect(own.enrolment_url).toContain(`${origin}/enrol#`)
    await d.payroll.call('DELETE', '/policy/enrolment')
    const refused = await d.payroll.initToken({ user })
    expect([refused.status, refused.envelope.result.error]).toEqual([
      403,
      {
        code: 303,
        message: 'Missing enrollment policy for push token: push_firebase_configuration',
      },
    ])
    await d.payroll.call('POST', '/policy/enrolment', {
      ...{ scope: 'enrollment', realm: '', priority: 1000 },
      action: { push_firebase_configuration: 'web push' },
    })
  })

  it('of an administrator never contradicts the one that a deployment starts with', async () => {
    const { envelope } = await d.payroll.call('POST', '/policy/mine', {
      ...{ scope: 'enrollment', realm: '', active: true },
      action: { push_firebase_configuration: 'poll only' },
    })
    expect(envelope.result.status).toBe(true)
    expect((await d.payroll.initToken({ user: await person() })).status).toBe(200)
    await d.payroll.call('DELETE', '/policy/mine')
  })

  it('writes the code as the app reads it', async () => {
    const user = await person()
    const [name, query] = (await box.invite(user)).split('?')
    const { detail } = (await d.payroll.initToken({ user })).envelope
    expect(name).toMatch(/^otpauth:\/\/pipush\/PIPU[0-9A-F]{8}$/)
    const serial = name?.split('/').at(-1)
    expect(query?.split('&').map((field) => field.replace(/(credential)=.*/, '$1'))).toEqual([
      `url=${encodeURIComponent(`${origin}/ttype/push`).replaceAll('%2F', '/')}`,
      'ttl=10',
      'issuer=Countersign',
      'enrollment_credential',
      'v=1',
      `serial=${serial}`,
      'sslverify=1',
      'poll_only=True',
    ])
    expect(detail?.enrollment_credential).toMatch(/^[\w-]{60}$/)

    await box.enrolments({
      push_firebase_configuration: 'our firebase',
      push_registration_url: 'HTTPS://Phones.Example.org:443/ttype/push',
      ...{ push_ttl: 5, push_ssl_verify: '0', push_use_pia_scheme: true },
      ...{ push_force_app_pin: true, push_app_force_unlock: 'biometric' },
      ...{ tokenlabel: '<u> at {realm}', tokenissuer: 'ACME', appimageurl: 'https://a.example/i' },
    })
    const text = await box.invite(user)
    expect(text).toMatch(new RegExp(`^pia://pipush/${user}%20at%20default\\?`))
    expect(text).toContain('url=https%3A//phones.example.org/ttype/push&ttl=5&issuer=ACME&')
    expect(text).toMatch(
      /&sslverify=0&poll_only=False&pin=True&app_force_unlock=biometric&image=https%3A\/\/a.example\/i$/,
    )
  })
})

describe('step 2', () => {
  it('takes the key as every app writes it, and gives ours as PKCS #1 in lines', async () => {
    const { phone } = await box.phone({ emptyPostFirst: true })
    expect(phone.enrolled.envelope.detail).toMatchObject({
      rollout_state: 'enrolled',
      serial: phone.serial,
    })
    expect(phone.enrolled.envelope.detail?.public_key).toMatch(/^MII.{61}\n(.{64}\n)+.{1,64}$/)
    const writings = [
      (key: string) => key.replaceAll('+', '-').replaceAll('/', '_'),
      (key: string) => key.replaceAll('+', ' '),
      (key: string) => key.replace(/=+$/, ''),
      (key: string) => key.replace(/.{64}/g, '$&\n'),
    ]
    for (const keyText of writings) {
      const { user, phone: other } = await box.phone({ keyText })
      const { challenge, transactionId } = await box.asked(user, other)
      expect((await other.accept(challenge)).envelope.result.value).toBe(true)
      await d.payroll.cancel(transactionId)
    }
  })

  it('refuses what is no invitation, in the wire’s words, and burns nothing', async () => {
    const good = await step2()
    const unknown = await post({ ...good, serial: 'PIPU00000000' })
    expect([unknown.status, unknown.error]).toEqual([
      404,
      {
        code: 601,
        message: "No token with this serial number in the rollout state 'clientwait'.",
      },
    ])
    const other = await step2()
    for (const credential of ['', 'a'.repeat(40), other.enrollment_credential]) {
      const { status, error } = await post({ ...good, enrollment_credential: credential })
      expect([status, error]).toEqual([
        400,
        {
          code: 905,
          message:
            'ERR905: Invalid enrollment credential. You are not authorized to finalize this token.',
        },
      ])
    }
    const empty = await post({})
    expect([empty.status, empty.error?.message]).toEqual([
      400,
      "ERR905: Missing parameter: 'serial'",
    ])
    const bare = await post({ serial: good.serial })
    expect([bare.status, bare.error?.message]).toEqual([400, 'ERR905: Missing parameters!'])
    for (const one of [good, other]) expect((await post(one)).value).toBe(true)
    const again = await post(good)
    expect([again.status, again.error?.code]).toEqual([404, 601])
  })

  it.each([
    ['no base64', () => '%%%'],
    ['no key', () => btoa('no key at all')],
    ['a key without its header', () => vectors.keys.phone.pkcs1],
    ['a key of 1024 bits', async () => publicKeyText((await phoneKeys(1024)).publicKey)],
    ['nothing', () => ''],
  ])('refuses %s with the name of the field, and takes a good one after it', async (_, keyOf) => {
    const good = await step2()
    const { status, error } = await post({ ...good, pubkey: await keyOf() })
    expect([status, error?.code]).toEqual([400, 905])
    expect(error?.message).toContain("'pubkey'")
    expect((await post(good)).value).toBe(true)
  })

  it('is over when the time is, and a token that is revoked waits for nobody', async () => {
    const [good, revoked] = [await step2(), await step2()]
    await admin.call('POST', '/token/revoke', { serial: revoked.serial })
    expect((await post(revoked)).error?.code).toBe(601)
    const time = clock()
    time.forward(570)
    expect((await post(good)).value).toBe(true)
    const late = await step2()
    time.forward(601)
    expect((await post(late)).error?.code).toBe(905)
    time.stop()
  })

  it('and our own app take the same invitation: whoever comes first has it, once', async () => {
    const first = await box.invite(await person())
    const phone = await StockPhone.enrol(first, d.fetch, { keys: await shared() })
    expect(phone.enrolled.status).toBe(200)
    await expect(enrol(d.server, { invitation: first })).rejects.toThrow('enrolment_spent')
    const second = await box.invite(await person())
    const device = await enrol(d.server, { invitation: second })
    expect(
      (await StockPhone.enrol(second, d.fetch, { keys: await shared() })).enrolled.status,
    ).toBe(404)
    expect(device.serial).toBe(readStockLink(second).serial)
  })

  it('shows in the list what an administrator may see, and never what is secret', async () => {
    const { phone } = await box.phone()
    const { envelope } = await d.payroll.token(phone.serial)
    const [token] = (envelope.result.value as { tokens: Record<string, unknown>[] }).tokens
    expect(token).toMatchObject({ tokentype: 'push', rollout_state: 'enrolled', active: true })
    expect(token?.info).toMatchObject({
      firebase_token: 'no_firebase_token',
      public_key_server: expect.stringMatching(/^-----BEGIN RSA PUBLIC KEY-----\nMII/) as string,
      public_key_smartphone: await publicKeyText((await shared()).publicKey),
      push_firebase_configuration: 'poll only',
      tokenkind: 'software',
    })
    const [row] = await d.db.select().from(serverKeys)
    for (const secret of [row?.privateKey, phone.link.credential, 'private', 'pinHash'])
      expect(JSON.stringify(envelope)).not.toContain(secret)
  })

  it('leaves nothing behind when the token is deleted', async () => {
    const { phone } = await box.phone()
    await admin.call('DELETE', `/token/${phone.serial}`)
    expect(await d.db.select().from(phones).where(eq(phones.serial, phone.serial))).toEqual([])
    const polled = await phone.pollRaw()
    expect([polled.status, polled.envelope.result.error]).toEqual([
      400,
      { code: 10, message: 'ERR10: Could not verify signature!' },
    ])
  })
})

const shared = (() => {
  let keys: Promise<CryptoKeyPair> | null = null
  return () => (keys ??= box.keys())
})()

describe('our keys for phones', () => {
  const free = async () =>
    (await d.db.select().from(serverKeys)).filter((row) => !row.customer && !row.takenBy)
  /** Of a deployment with one database: it shares the work of a minute with no other. */
  const minute = () => worker.scheduled(createScheduledController(), { ...env, DB_1: undefined })

  it('are made by the minute’s work, a few at a time, and never on a request', async () => {
    const generating = vi.spyOn(crypto.subtle, 'generateKey')
    expect(await free()).toEqual([])
    await box.phone()
    await box.phone()
    expect(generating).not.toHaveBeenCalled()
    const [one, two] = await d.db.select().from(phones).limit(2)
    expect(one?.serverKey).toBe(two?.serverKey)
    await minute()
    const pool = await free()
    expect(pool.length).toBeLessThanOrEqual(5)
    // The same minute makes the keys that OpenID Connect signs with.
    const others = await d.db.select().from(grantKeys)
    expect(generating).toHaveBeenCalledTimes(pool.length + others.length)
    generating.mockClear()
    const { user, phone } = await box.phone()
    expect(generating).not.toHaveBeenCalled()
    const [taken] = await d.db.select().from(serverKeys).where(eq(serverKeys.takenBy, phone.serial))
    expect(pool.map(({ id }) => id)).toContain(taken?.id)
    const { challenge } = await box.asked(user, phone)
    expect((await phone.accept(challenge)).envelope.result.value).toBe(true)
  })

  it('are sealed: what D1 holds opens with the master key only', async () => {
    for (const { privateKey } of await d.db.select().from(serverKeys))
      expect(privateKey).toMatch(/^[\w-]{8}\.[\w-]+$/)
  })

  it('begin with a spare for each customer', async () => {
    await d.db.insert(customers).values({ id: 'another', name: 'Another', createdAt: 0 })
    await minute()
    const spares = await d.db.select().from(serverKeys).where(eq(serverKeys.customer, 'another'))
    expect(spares).toHaveLength(1)
  })

  it('serve many phones at once, each finished with one call of its object', async () => {
    const generating = vi.spyOn(crypto.subtle, 'generateKey')
    const bodies = await Promise.all(Array.from({ length: 30 }, () => step2()))
    const answers = await Promise.all(bodies.map((body) => post(body)))
    expect(answers.filter(({ value }) => value !== true)).toEqual([])
    expect(generating).not.toHaveBeenCalled()
    const waiting = await d.db.select().from(tokens).where(eq(tokens.rolloutState, 'clientwait'))
    expect(waiting.map(({ serial }) => serial)).not.toContain(bodies[0]?.serial)
  })
})

it('a key that signs anything by itself is none', async () => {
  expect(await phoneKeyOf(spki)).toHaveProperty('key')
  // The exponent, the last three bytes, is 65537 there and 1 here.
  const bytes = Uint8Array.from(atob(spki), (character) => character.charCodeAt(0))
  bytes.set([0, 0, 1], bytes.length - 3)
  const forged = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  expect(await phoneKeyOf(forged)).toHaveProperty('problem')
})
