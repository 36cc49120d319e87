/**
 * A login that enrols (policy enroll_via_multichallenge): off unless a policy says so, only after somebody was let in, one at a time,
 * redeemed once by the application that asked, and gone without a trace where nobody finishes it.
 */
import { env } from 'cloudflare:workers'
import { runDurableObjectAlarm } from 'cloudflare:test'
import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fromBase32 } from '../../schema/base32.ts'
import { audit, tokens as tokensTable } from '../../schema/tables.ts'
import { hotp } from '../../worker/factor/otp.ts'
import { purgeEnrolments } from '../../worker/store/enrolments.ts'
import type { Application } from '../support/application.ts'
import { enrol } from '../support/virtual-device.ts'
import { StockPhone } from '../support/stock-phone.ts'
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
  await policy('authentication', { passthru: 'userstore' })
})
afterAll(() => time?.stop())
afterEach(async () => {
  time?.stop()
  for (const name of written.splice(1)) await admin.call('DELETE', `/policy/${name}`)
})

const written: string[] = []
async function policy(scope: string, action: object, more: object = {}) {
  const name = `of-this-test-${written.length}`
  written.push(name)
  const asked = { scope, action, realm: '', ...more }
  const { status, envelope } = await admin.call('POST', `/policy/${name}`, asked)
  expect([status, envelope.result.error]).toEqual([200, undefined])
  return envelope.detail as { warnings?: Record<string, string> } | undefined
}
const enrols = (type: string, more: object = {}) =>
  policy('authentication', { enroll_via_multichallenge: type, ...more })

const password = 'of the directory'
const newPerson = () => d.person(`newcomer-${people++}`, { password })

type Detail = {
  transaction_id: string
  serial: string
  type: string
  link: string
  message: string
  multi_challenge: object[]
}
async function check(parameters: object, by = d.payroll) {
  const { envelope } = await by.check(parameters)
  const { value, authentication } = envelope.result
  return { value, authentication, detail: (envelope.detail ?? {}) as unknown as Detail }
}
/** A right password, and a QR code instead of a way in. */
async function begun(user: string) {
  const asked = await check({ user, pass: password })
  expect(asked).toMatchObject({ value: false, authentication: 'CHALLENGE' })
  return asked.detail
}
const finish = (user: string, { transaction_id }: Detail, pass = '', by = d.payroll) =>
  check({ user, pass, transaction_id }, by)
const polled = async ({ transaction_id }: Detail) =>
  (await d.payroll.poll(transaction_id)).envelope.detail?.challenge_status
const tokensOf = async (user: string) => {
  const { envelope } = await admin.call('GET', `/token/?user=${user}`)
  return (envelope.result.value as { tokens: { serial: string; tokentype: string }[] }).tokens
}
const codeOf = ({ link }: Detail, counter: number) => {
  const secret = new URL(link.replace(/^otpauth:\/\/\w+/, 'https://x')).searchParams.get('secret')
  return hotp(fromBase32(secret ?? '')!, counter, 6, 'sha1')
}
const step = () => Math.floor(Date.now() / 30_000)
/** One that this seed does not have anywhere near. */
const wrongFor = (detail: Detail) => {
  const near = Array.from({ length: 60 }, (_, at) => codeOf(detail, step() - 30 + at))
  return ['000000', '111111', '222222', '333333'].find((code) => !near.includes(code))!
}
const accepted = { value: true, authentication: 'ACCEPT' }
const refused = { value: false, authentication: 'REJECT' }

describe('without the policy', () => {
  it('nobody is asked to enrol: whoever is let in is let in', async () => {
    const user = await newPerson()
    expect(await check({ user, pass: password })).toMatchObject(accepted)
    expect(await tokensOf(user)).toEqual([])
  })

  it('and whoever writes it is told what a stolen password then suffices for', async () => {
    const told = await enrols('push')
    expect(told?.warnings?.enroll_via_multichallenge).toMatch(/password.*can enrol a device/)
    const { envelope } = await admin.call('GET', '/policy/defs/authentication')
    const defs = envelope.result.value as Record<string, { desc: string; in_force: boolean }>
    expect(defs.enroll_via_multichallenge).toMatchObject({
      in_force: true,
      desc: expect.stringContaining('stolen password'),
    })
  })
})

describe('a device', () => {
  it('is enrolled by its first login, which is complete when it has finished, once, without a push', async () => {
    await enrols('PUSH', { enroll_via_multichallenge_text: 'Scan me' })
    const user = await newPerson()
    const asked = await check({ user, pass: password })
    const { detail } = asked
    const challenge = {
      client_mode: 'poll',
      image: expect.stringMatching(/^data:image\/svg\+xml,/),
      link: expect.stringContaining('/enrol#'),
      message: 'Scan me',
      serial: expect.stringMatching(/^PIPU/),
      transaction_id: detail.transaction_id,
      type: 'push',
    }
    expect(asked).toEqual({
      value: false,
      authentication: 'CHALLENGE',
      detail: {
        ...challenge,
        enroll_via_multichallenge: true,
        enroll_via_multichallenge_optional: false,
        messages: ['Scan me'],
        multi_challenge: [challenge],
        transaction_ids: [detail.transaction_id],
        threadid: expect.any(Number),
      },
    })
    expect(await polled(detail)).toBe('pending')
    expect(await finish(user, detail)).toMatchObject(refused)
    const device = await enrol(d.server, { invitation: detail.link })
    expect(await polled(detail)).toBe('accept')
    expect(await finish(user, detail)).toMatchObject({
      ...accepted,
      detail: { message: 'Found matching challenge', serial: device.serial },
    })
    expect(await finish(user, detail)).toMatchObject(refused)
    expect(await device.list()).toEqual([])
    // From now on it is asked like any other, and nobody enrols another.
    expect((await d.payroll.ask({ user })).code).toMatch(/^\w{4}$/)
    const [challenged] = await device.list()
    expect(challenged?.claims.account).toBe(user)
  })

  it('is enrolled by that invitation only, and no second one', async () => {
    await enrols('push')
    const user = await newPerson()
    const detail = await begun(user)
    const device = await enrol(d.server, { invitation: detail.link })
    await expect(enrol(d.server, { invitation: detail.link })).rejects.toThrow('enrolment_spent')
    expect(await finish(user, detail)).toMatchObject(accepted)
    await expect(enrol(d.server, { invitation: detail.link })).rejects.toThrow('enrolment_spent')
    expect((await tokensOf(user)).map(({ serial }) => serial)).toEqual([device.serial])
  })

  it('is the privacyIDEA app where the policy has push tokens enrolled with it', async () => {
    await enrols('push')
    await policy('enrollment', { push_firebase_configuration: 'poll only' })
    const user = await newPerson()
    const detail = await begun(user)
    expect(detail.link).toMatch(/^otpauth:\/\/pipush\/PIPU\w+\?url=/)
    const phone = await StockPhone.enrol(detail.link, d.fetch, { nowMs: () => Date.now() })
    expect(phone.enrolled).toMatchObject({ status: 200, envelope: { result: { value: true } } })
    expect(await polled(detail)).toBe('accept')
    expect(await finish(user, detail)).toMatchObject(accepted)
    expect(await phone.poll()).toEqual([])
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(1)
    expect(await phone.poll()).toHaveLength(1)
  })

  it('may be waited for by a gateway that cannot poll', async () => {
    await enrols('push')
    const user = await newPerson()
    const detail = await begun(user)
    const waiting = d.payroll.check({ user, pass: '', state: detail.transaction_id })
    await enrol(d.server, { invitation: detail.link })
    expect((await waiting).envelope.result).toMatchObject(accepted)
  })
})

describe.each(['totp', 'hotp'] as const)('a token of %s', (type) => {
  const first = (detail: Detail) => codeOf(detail, type === 'totp' ? step() : 0)

  it('is enrolled by its first code, typed into the same login', async () => {
    await enrols(type)
    const user = await newPerson()
    const detail = await begun(user)
    expect(detail).toMatchObject({
      client_mode: 'interactive',
      enroll_via_multichallenge: true,
      link: expect.stringMatching(new RegExp(`^otpauth://${type}/${detail.serial}\\?secret=`)),
      message: 'Please scan the QR code and enter the OTP value!',
      messages: ['Please scan the QR code and enter the OTP value!'],
      type,
    })
    expect(await finish(user, detail, first(detail))).toMatchObject({
      ...accepted,
      detail: { message: 'Found matching challenge', serial: detail.serial },
    })
    expect(await finish(user, detail, first(detail))).toMatchObject(refused)
    // That code is used up for every other login too.
    expect((await check({ user, pass: first(detail) })).value).toBe(false)
    const next = codeOf(detail, type === 'totp' ? step() + 1 : 1)
    expect(await check({ user, pass: next })).toMatchObject(accepted)
  })

  it('outlives wrong codes, each of which counts, up to the last', async () => {
    await d.set({ maxFailCount: 3 })
    await enrols(type)
    const user = await newPerson()
    const detail = await begun(user)
    for (const wrong of [wrongFor(detail), ''])
      expect(await finish(user, detail, wrong)).toMatchObject({
        ...refused,
        detail: { message: 'Response did not match the challenge.' },
      })
    expect(await finish(user, detail, first(detail))).toMatchObject(accepted)
    // However many were wrong before, it is used up for every other login.
    expect((await check({ user, pass: first(detail) })).value).toBe(false)
    const next = codeOf(detail, type === 'totp' ? step() + 1 : 1)
    expect(await check({ user, pass: next })).toMatchObject(accepted)

    const other = await newPerson()
    const guessed = await begun(other)
    for (const wrong of [wrongFor(guessed), 'abc', wrongFor(guessed)])
      expect(await finish(other, guessed, wrong)).toMatchObject(refused)
    expect(await finish(other, guessed, first(guessed))).toMatchObject({
      ...refused,
      detail: { message: 'Failcounter exceeded' },
    })
    // A new login, a new seed.
    const again = await begun(other)
    expect(await finish(other, again, first(guessed))).toMatchObject(refused)
    expect(await finish(other, again, first(again))).toMatchObject(accepted)
    await d.set({ maxFailCount: 10 })
  })

  it('takes its first code once, also when it comes eight times at once', async () => {
    await enrols(type)
    const user = await newPerson()
    const detail = await begun(user)
    const code = first(detail)
    const all = await Promise.all(Array.from({ length: 8 }, () => finish(user, detail, code)))
    expect(all.filter(({ value }) => value === true)).toHaveLength(1)
    expect(await tokensOf(user)).toHaveLength(1)
  })

  it('is worth nothing before its first code', async () => {
    await enrols(type)
    const user = await newPerson()
    const detail = await begun(user)
    expect(await check({ serial: detail.serial, pass: first(detail) })).not.toMatchObject(accepted)
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(0)
    expect(await finish(user, detail, first(detail))).toMatchObject(accepted)
  })
})

describe('nobody enrols', () => {
  it('without having been let in: not by a name, a wrong password or somebody’s serial', async () => {
    await enrols('totp')
    const user = await newPerson()
    for (const pass of ['', 'guessed', ' ']) expect((await check({ user, pass })).value).toBe(false)
    for (const pass of ['', 'guessed'])
      expect((await check({ user, pass })).authentication).toBe('REJECT')
    expect((await check({ user: 'nobody-at-all', pass: password })).authentication).not.toBe(
      'CHALLENGE',
    )
    expect(await tokensOf(user)).toEqual([])
    expect((await begun(user)).type).toBe('totp')
  })

  it('who has such a token, even a disabled one; who has another enrols after using it', async () => {
    await enrols('totp')
    const user = await newPerson()
    await admin.initToken({ user, type: 'hotp', otpkey: otpSeed, pin: '' })
    const detail = (await check({ user, pass: hotpAt(0) })).detail
    expect(detail.type).toBe('totp')
    expect(await finish(user, detail, codeOf(detail, step()))).toMatchObject(accepted)
    await admin.call('POST', '/token/disable', { serial: detail.serial })
    expect(await check({ user, pass: hotpAt(1) })).toMatchObject(accepted)
  })

  it('who may have no further token: they are let in, as the policies have it', async () => {
    await enrols('totp')
    await policy('enrollment', { max_token_per_user: 0 })
    const user = await newPerson()
    expect(await check({ user, pass: password })).toMatchObject(accepted)
    expect(await tokensOf(user)).toEqual([])
  })

  it('and an abandoned one stands in no limit’s way and lets nobody in', async () => {
    await enrols('totp')
    await policy('enrollment', { max_token_per_user: 1 })
    const user = await newPerson()
    const abandoned = await begun(user)
    const again = await begun(user)
    expect(again.serial).not.toBe(abandoned.serial)
    expect((await tokensOf(user)).map(({ serial }) => serial)).toEqual([again.serial])
    expect(await finish(user, abandoned, codeOf(abandoned, step()))).not.toMatchObject(accepted)
    expect(await finish(user, again, codeOf(again, step()))).toMatchObject(accepted)
  })
})

describe('one enrolment at a time', () => {
  it('a later login takes the place of an earlier one, whose code is void', async () => {
    await enrols('push')
    const user = await newPerson()
    const [early, late] = [await begun(user), await begun(user)]
    await expect(enrol(d.server, { invitation: early.link })).rejects.toThrow('enrolment_unknown')
    expect(await polled(early)).toBe('declined')
    const device = await enrol(d.server, { invitation: late.link })
    expect(await finish(user, early)).not.toMatchObject(accepted)
    expect(await finish(user, late)).toMatchObject(accepted)
    expect((await tokensOf(user)).map(({ serial }) => serial)).toEqual([device.serial])
  })

  it.each(['push', 'totp'])(
    'of four at once (%s) one token is left, and it can be finished',
    async (type) => {
      await enrols(type)
      const user = await newPerson()
      const all = await Promise.all(Array.from({ length: 4 }, () => begun(user)))
      const states = await Promise.all(all.map(polled))
      const open = all.filter((_, index) => states[index] === 'pending')
      expect(open).toHaveLength(1)
      const [detail] = open as [Detail]
      if (type === 'push') await enrol(d.server, { invitation: detail.link })
      const code = type === 'push' ? '' : codeOf(detail, step())
      expect(await finish(user, detail, code)).toMatchObject(accepted)
      await until('the others to be gone', async () => (await tokensOf(user)).length === 1)
    },
  )

  it('is the application’s that asked, and nobody else’s', async () => {
    await enrols('totp', { enroll_via_multichallenge_optional: true })
    const other = await d.newApplication('Other')
    const user = await newPerson()
    const detail = await begun(user)
    const code = codeOf(detail, step())
    expect(await finish(user, detail, code, other)).toMatchObject(refused)
    const putOff = { transaction_id: detail.transaction_id, cancel_enrollment: 1 }
    expect(await check(putOff, other)).toMatchObject(refused)
    expect(await finish(await newPerson(), detail, code)).toMatchObject(refused)
    expect(await finish(user, detail, code)).toMatchObject(accepted)
  })
})

describe('cancel_enrollment', () => {
  const putOff = ({ transaction_id }: Detail) => check({ transaction_id, cancel_enrollment: '1' })
  const done = { ...accepted, detail: { message: 'Cancelled enrollment via multichallenge' } }
  const failed = {
    ...refused,
    detail: { message: 'Failed to cancel enrollment via multichallenge' },
  }

  it.each(['push', 'totp'])(
    'lets in without a token of %s, once, where the policy lets it be put off',
    async (type) => {
      await enrols(type, { enroll_via_multichallenge_optional: true })
      const user = await newPerson()
      const detail = await begun(user)
      expect(detail).toMatchObject({ enroll_via_multichallenge_optional: true })
      expect(await putOff(detail)).toMatchObject(done)
      expect(await tokensOf(user)).toEqual([])
      expect(await putOff(detail)).toMatchObject(failed)
      if (type === 'push')
        await expect(enrol(d.server, { invitation: detail.link })).rejects.toThrow(
          'enrolment_unknown',
        )
      else expect(await finish(user, detail, codeOf(detail, step()))).not.toMatchObject(accepted)
      // Asked again the next time.
      expect((await begun(user)).serial).not.toBe(detail.serial)
    },
  )

  it('does nothing where the policy does not let it be put off, nor to any other transaction', async () => {
    await enrols('totp')
    const user = await newPerson()
    const detail = await begun(user)
    expect(await putOff(detail)).toMatchObject(failed)
    const asked = await newPerson()
    const device = await d.device(asked)
    const question = await d.payroll.ask({ user: asked })
    const { transactionId } = question
    expect(await check({ transaction_id: transactionId, cancel_enrollment: 1 })).toMatchObject(
      failed,
    )
    expect(await device.list()).toHaveLength(1)
    expect(await check({ transaction_id: 'made-up', cancel_enrollment: 1 })).toMatchObject(failed)
    expect(await finish(user, detail, codeOf(detail, step()))).toMatchObject(accepted)
    await enrols('totp', { enroll_via_multichallenge_optional: true })
    expect(await putOff(detail)).toMatchObject(failed)
    expect(await tokensOf(user)).toHaveLength(1)
  })
})

describe('an enrolment that nobody finishes', () => {
  it.each(['push', 'totp'])('of %s lapses, and leaves no token', async (type) => {
    time = clock()
    await enrols(type)
    const user = await newPerson()
    const detail = await begun(user)
    expect(await tokensOf(user)).toHaveLength(1)
    time.forward(601)
    expect(await polled(detail)).toBe('pending')
    if (type === 'push')
      await expect(enrol(d.server, { invitation: detail.link })).rejects.toThrow('enrolment')
    else expect(await finish(user, detail, codeOf(detail, step()))).toMatchObject(refused)
    const [row] = await d.db.select().from(tokensTable).where(eq(tokensTable.serial, detail.serial))
    const id = env.COORDINATOR.idFromName(row?.ownerId ?? '')
    await runDurableObjectAlarm(env.COORDINATOR.get(id))
    await until('it to be gone', async () => (await tokensOf(user)).length === 0)
    expect((await begun(user)).serial).not.toBe(detail.serial)
  })

  it('goes by the hourly cleaning too, where the object was never woken', async () => {
    await enrols('totp')
    const user = await newPerson()
    await begun(user)
    await purgeEnrolments(env.DB, Math.floor(Date.now() / 1000) + 600 + 3601)
    expect(await tokensOf(user)).toEqual([])
  })

  it('is cancelled with all that was shown by the application that has it called off', async () => {
    await enrols('push')
    const user = await newPerson()
    const detail = await begun(user)
    await d.payroll.cancel(detail.transaction_id)
    await expect(enrol(d.server, { invitation: detail.link })).rejects.toThrow('enrolment_unknown')
    await until('it to be gone', async () => (await tokensOf(user)).length === 0)
    const device = await enrol(d.server, { invitation: (await begun(user)).link })
    expect(device.serial).toMatch(/^PIPU/)
  })
})

it('asks nobody, and refuses only who would be asked, where policies contradict each other', async () => {
  await enrols('totp')
  await enrols('hotp')
  const user = await newPerson()
  expect(await check({ user, pass: 'not this' })).toMatchObject(refused)
  const { envelope } = await d.payroll.check({ user, pass: password })
  expect(envelope.result.error?.message).toContain('of-this-test-')
  await admin.call('DELETE', `/policy/${written.at(-1)}`)
  expect((await begun(user)).type).toBe('totp')
})

it('is in the audit trail from beginning to end, without the seed', async () => {
  await enrols('totp')
  const user = await newPerson()
  const detail = await begun(user)
  await finish(user, detail, wrongFor(detail))
  await finish(user, detail, codeOf(detail, step()))
  const rows = async () =>
    (await d.db.select().from(audit).where(eq(audit.serial, detail.serial))).map((row) => [
      row.action,
      row.success,
      row.user,
    ])
  await until('all of it', async () => (await rows()).length >= 3)
  expect(await rows()).toEqual([
    ['enrolment_by_login', true, user],
    ['redeem', false, user],
    ['redeem', true, user],
  ])
  const secret = /secret=(\w+)/.exec(detail.link)?.[1] ?? '?'
  const all = JSON.stringify(await d.db.select().from(audit))
  expect(all).not.toContain(secret)
})
