/** Every setting does what its meaning says, takes its range and nothing else, and reaches no question that was asked before. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { configurable } from '../../worker/policy/kept.ts'
import { type SettingName, type Settings, hardenedSettings } from '../../worker/policy/settings.ts'
import { until } from '../support/until.ts'
import { enrol } from '../support/virtual-device.ts'
import { type Deployment, adminPassword, clock, deployment } from './deployment.ts'
import { move } from './move.ts'
import { objectOf } from './object.ts'
import { approve, declineAll, nowSeconds, ringer } from './ringer.ts'
import { otpSeed } from './seeds.ts'

let d: Deployment
let time: ReturnType<typeof clock>
const admin = () => d.payroll
const { newPerson, ring, someone } = ringer(() => d)
beforeAll(async () => {
  time = clock()
  time.forward(86_400)
  d = await deployment()
})
afterEach(() => set(hardenedSettings))
afterAll(() => time.stop())

const set = (settings: Partial<Settings>) => d.set(settings)

async function newHotp(more: object = {}): Promise<object | undefined> {
  const { envelope } = await d.payroll.initToken({ type: 'hotp', ...more })
  const found = await d.payroll.token(envelope.detail?.serial ?? '')
  return (found.envelope.result.value as { tokens: object[] }).tokens[0]
}

/** What each setting does, each under a value that is not the default. Complete, or it does not compile. */
const does: Record<SettingName, () => Promise<void>> = {
  deviceHoldSeconds: async () => {
    await set({ deviceHoldSeconds: 5 })
    const { phone } = await someone()
    const added = await move(d, phone)
    const { heldUntil = 0 } = await added.overview()
    expect(heldUntil - Math.floor(Date.now() / 1000)).toBeLessThanOrEqual(5)
    expect(heldUntil).toBeGreaterThan(0)
    await set({ deviceHoldSeconds: 0 })
    expect((await (await move(d, phone)).overview()).heldUntil).toBeUndefined()
  },
  pushWaitSeconds: async () => {
    await set({ pushWaitSeconds: 20 })
    const { user, phone } = await someone()
    const checking = d.payroll.check({ user, pass: '' })
    await phone.approve(await until('the question', async () => (await phone.list())[0]))
    expect((await checking).envelope.result.authentication).toBe('ACCEPT')
  },
  selfServiceFactor: async () => {
    const user = await newPerson({ password: 'a quiet word' })
    await d.device(user)
    const answers = async (selfServiceFactor: number) => {
      await set({ selfServiceFactor })
      return (await d.payroll.auth(user, 'a quiet word')).envelope.result.authentication
    }
    expect([await answers(0), await answers(1)]).toEqual(['ACCEPT', 'CHALLENGE'])
  },
  maxFailCount: async () => {
    await set({ maxFailCount: 2 })
    const { phone } = await someone()
    const { envelope } = await d.payroll.token(phone.serial)
    expect((envelope.result.value as { tokens: { maxfail: number }[] }).tokens[0]?.maxfail).toBe(2)
  },
  ldapWithoutTls: async () => {
    const put = () =>
      d.payroll.call('POST', '/resolver/plain', {
        type: 'ldapresolver',
        LDAPURI: 'ldap://ldap.example.org',
        LDAPBASE: 'dc=example,dc=org',
        LOGINNAMEATTRIBUTE: 'uid',
        LDAPSEARCHFILTER: '(objectClass=person)',
      })
    expect((await put()).status).toBe(400)
    await set({ ldapWithoutTls: 1 })
    const { status, envelope } = await put()
    expect([status, envelope.detail]).toEqual([
      200,
      expect.objectContaining({ warning: expect.stringContaining('travels readable') }),
    ])
  },
  countWindow: async () => {
    await set({ countWindow: 3 })
    expect(await newHotp()).toMatchObject({ count_window: 3 })
  },
  syncWindow: async () => {
    await set({ syncWindow: 20 })
    expect(await newHotp()).toMatchObject({ sync_window: 20 })
  },
  otpLength: async () => {
    await set({ otpLength: 8 })
    expect(await newHotp()).toMatchObject({ otplen: 8 })
    expect(await newHotp({ otplen: 6 })).toMatchObject({ otplen: 6 })
  },
  countWrongPins: async () => {
    for (const countWrongPins of [0, 1]) {
      await set({ countWrongPins })
      const user = await newPerson()
      const phone = await d.device(user, { pin: '4711' })
      await d.payroll.check({ user, pass: '4712' })
      const { envelope } = await d.payroll.token(phone.serial)
      const [token] = (envelope.result.value as { tokens: { failcount: number }[] }).tokens
      expect(token?.failcount).toBe(countWrongPins)
    }
  },
  randomPinLength: async () => {
    const { phone } = await someone()
    const { envelope: session } = await d.payroll.auth('admin', adminPassword)
    const admin = d.payroll.as(session.result.value as { token: string })
    const random = () => admin.call('POST', '/token/setrandompin', { serial: phone.serial })
    await set({ randomPinLength: 12 })
    expect((await random()).envelope.detail).toMatchObject({
      pin: expect.stringMatching(/^\w{12}$/),
    })
    await set({ randomPinLength: 0 })
    const { status, envelope } = await random()
    expect([status, envelope.result.error?.code]).toEqual([400, 301])
  },
  otpChallengeSeconds: async () => {
    await set({ otpChallengeSeconds: 15 })
    const user = await newPerson()
    const made = await d.payroll.initToken({ user, type: 'hotp', otpkey: otpSeed })
    expect(made.status).toBe(200)
    const { envelope } = await d.payroll.trigger({ user })
    expect((envelope.detail as { expires_at?: number }).expires_at).toBe(nowSeconds() + 15)
  },
  answerSeconds: async () => {
    await set({ answerSeconds: 15 })
    const { user, phone } = await someone()
    await ring(user)
    expect((await phone.list())[0]?.claims.exp).toBe(nowSeconds() + 15)
    time.forward(14)
    expect(await phone.list()).toHaveLength(1)
    time.forward(1)
    expect(await phone.list()).toEqual([])
  },
  redeemSeconds: async () => {
    await set({ redeemSeconds: 20 })
    for (const [seconds, value] of [
      [139, true],
      [140, false],
    ] as const) {
      const { user, phone } = await someone()
      const rung = await ring(user)
      await approve(phone, rung)
      time.forward(seconds)
      const { envelope } = await d.payroll.redeem({ user }, rung.transactionId)
      expect([seconds, envelope.result.value]).toEqual([seconds, value])
    }
  },
  matchCode: async () => {
    await set({ matchCode: 0 })
    const { user, phone } = await someone()
    const { envelope } = await d.payroll.trigger({ user })
    expect(envelope.detail?.presence_answer).toBeUndefined()
    expect(envelope.detail?.message).not.toMatch(/code/)
    const challenge = (await phone.list())[0]!
    expect(challenge.claims.match).toBe('none')
    expect((await phone.approve(challenge)).outcome).toBe('accepted')
    const { transaction_id: transactionId = '' } = envelope.detail ?? {}
    expect((await d.payroll.redeem({ user }, transactionId)).envelope.result.value).toBe(true)
  },
  userVerification: async () => {
    const { user } = await someone()
    await set({ userVerification: 1 })
    // A device that cannot verify its user is not asked.
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(0)
    await set({ userVerification: 0 })
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(1)
  },
  apiKeyRequired: async () => {
    const user = await newPerson()
    await d.device(user, { pin: '4711' })
    const anonymous = d.payroll.as({})
    expect((await anonymous.check({ user, pass: '4711' })).status).toBe(401)
    await set({ apiKeyRequired: 0 })
    const heard = await anonymous.check({ user, pass: '4711' })
    expect([heard.status, heard.envelope.result.authentication]).toEqual([200, 'CHALLENGE'])
    expect((await anonymous.trigger({ user })).status).toBe(401)
  },
  blockingWaitSeconds: async () => {
    await set({ blockingWaitSeconds: 1 })
    const { user } = await someone()
    const { transactionId } = await ring(user)
    const tooLong = await d.payroll.poll(transactionId, 2)
    expect([tooLong.status, tooLong.envelope.result.error?.message]).toEqual([
      400,
      expect.stringContaining("'wait'"),
    ])
    const waiting = [
      d.payroll.poll(transactionId, 1),
      d.payroll.check({ user, pass: '', state: transactionId }),
    ]
    // The clock is held: it is told that the second is over while they wait.
    setTimeout(() => time.forward(1), 300)
    const [polled, checked] = await Promise.all(waiting)
    expect(polled?.envelope.detail?.challenge_status).toBe('pending')
    expect(checked?.envelope.result.authentication).toBe('REJECT')
  },
  openPrompts: async () => {
    await set({ openPrompts: 2 })
    const { user, phone } = await someone()
    const rung = [await ring(user), await ring(user), await ring(user)]
    expect(rung.map(({ notified }) => notified)).toEqual([true, true, false])
    await d.payroll.cancel(rung[0]!.transactionId)
    expect((await ring(user)).notified).toBe(true)
    await declineAll(phone)
  },
  missedPrompts: async () => {
    await set({ missedPrompts: 1 })
    const { user, phone } = await someone()
    await ring(user)
    await declineAll(phone)
    expect(await ring(user)).toMatchObject({ notified: false, quietUntilAt: nowSeconds() + 10 })
  },
  firstQuietSeconds: async () => {
    await set({ missedPrompts: 1, firstQuietSeconds: 7 })
    const { user, phone } = await someone()
    for (const quietSeconds of [7, 14]) {
      await ring(user)
      await declineAll(phone)
      expect((await ring(user)).quietUntilAt).toBe(nowSeconds() + quietSeconds)
      time.forward(quietSeconds)
    }
  },
  longestQuietSeconds: async () => {
    await set({ missedPrompts: 1, longestQuietSeconds: 15 })
    const { user, phone } = await someone()
    for (const quietSeconds of [10, 15, 15]) {
      expect((await ring(user)).notified).toBe(true)
      await declineAll(phone)
      expect((await ring(user)).quietUntilAt).toBe(nowSeconds() + quietSeconds)
      time.forward(quietSeconds)
    }
  },
  quietForgottenSeconds: async () => {
    for (const forgottenSeconds of [300, 604_800]) {
      await set({ missedPrompts: 1, quietForgottenSeconds: forgottenSeconds })
      for (const [after, secondWait] of [
        [forgottenSeconds - 1, 20],
        [forgottenSeconds, 10],
      ] as const) {
        const { user, phone } = await someone()
        const object = await objectOf(d, phone.serial)
        await ring(user)
        await declineAll(phone)
        // Whether the alarm has rung since makes no difference.
        for (const part of [after - 10, 10]) {
          time.forward(part)
          await object.alarm()
        }
        expect((await ring(user)).notified).toBe(true)
        await declineAll(phone)
        expect([after, (await ring(user)).quietUntilAt]).toEqual([after, nowSeconds() + secondWait])
      }
    }
  },
  promptsPerHourByApplication: async () => {
    await set({ promptsPerHourByApplication: 1 })
    const { user, phone } = await someone()
    await approve(phone, await ring(user))
    expect((await ring(user)).quietUntilAt).toBe(nowSeconds() + 3600)
  },
  promptsPerHourByClient: async () => {
    await set({ promptsPerHourByClient: 1 })
    const { user, phone } = await someone()
    const gateway = await d.newApplication('Gateway', ['trigger', 'origin_claimed'])
    const client = { client: '203.0.113.9' }
    await approve(phone, await ring(user, gateway, client))
    expect((await ring(user, gateway, client)).quietUntilAt).toBe(nowSeconds() + 3600)
    expect((await ring(user)).notified).toBe(true)
  },
  resends: async () => {
    await set({ resends: 1 })
    const { user } = await someone()
    const { transactionId } = await ring(user)
    time.forward(10)
    expect((await d.payroll.resend(transactionId)).status).toBe(200)
    time.forward(10)
    expect((await d.payroll.resend(transactionId)).status).toBe(429)
  },
  countChallenges: async () => {
    await set({ countChallenges: 1 })
    const { user, phone } = await someone()
    const failures = async () => {
      const { tokens } = (await d.payroll.token(phone.serial)).envelope.result.value as {
        tokens: { failcount: number }[]
      }
      return tokens[0]?.failcount
    }
    const rung = await ring(user)
    expect(await failures()).toBe(1)
    await approve(phone, rung)
    await d.payroll.redeem({ user }, rung.transactionId)
    expect(await failures()).toBe(0)
  },
  resetAll: async () => {
    for (const [resetAll, left] of [
      [0, 1],
      [1, 0],
    ] as const) {
      await set({ resetAll })
      const { user, phone } = await someone()
      const other = await d.device(user)
      const wrong = await ring(user)
      const [challenge] = await other.list()
      expect((await other.approve(challenge!, 'ZZZZ')).outcome).toBe('wrong_code')
      expect(wrong.code).not.toBe('ZZZZ')
      const right = await ring(user)
      await approve(phone, right)
      await d.payroll.redeem({ user }, right.transactionId)
      const { tokens } = (await d.payroll.token(other.serial)).envelope.result.value as {
        tokens: { failcount: number }[]
      }
      expect(tokens[0]?.failcount).toBe(left)
    }
  },
  hideErrors: async () => {
    const { user } = await someone()
    await set({ apiKeyRequired: 0 })
    const nobody = d.payroll.as({})
    for (const [hideErrors, message] of [
      [0, 'wrong otp pin'],
      [1, 'Authentication failed.'],
    ] as const) {
      await set({ hideErrors })
      expect((await nobody.check({ user, pass: 'x' })).envelope.detail?.message).toBe(message)
    }
  },
  enrolmentSeconds: async () => {
    await set({ enrolmentSeconds: 60 })
    const user = await newPerson()
    const [one, two] = [await d.payroll.invite({ user }), await d.payroll.invite({ user })]
    time.forward(59)
    expect((await enrol(d.server, { invitation: one.link })).serial).toBe(one.serial)
    time.forward(1)
    await expect(enrol(d.server, { invitation: two.link })).rejects.toThrow('enrolment_expired')
  },
}

describe('a setting', () => {
  it.each(Object.entries(does))('(%s) does what it says', (_, work) => work())

  it.each(configurable)(
    '($config) takes its range and nothing else',
    async ({ config, min, max }) => {
      const now = async () => {
        const { envelope } = await admin().call('GET', `/system/${config}`)
        return envelope.result.value
      }
      const write = (value: unknown) =>
        admin().call('POST', '/system/setConfig', { [config]: value })
      for (const value of [min, max]) {
        expect((await write(value)).status).toBe(200)
        expect(await now()).toBe(String(value))
      }
      for (const value of [min - 1, max + 1, min + 0.5, '', 'many', null, [min, max]]) {
        // null is as good as absent, and then there is nothing to set.
        const { status, envelope } = await write(value)
        expect([value, status]).toEqual([value, 400])
        expect(envelope.result.error?.message).toContain(config)
      }
      expect(await now()).toBe(String(max))
    },
  )

  it('is not changed at all where one of several is wrong', async () => {
    const { status } = await admin().call('POST', '/system/setConfig', {
      PushChallengeValidityTime: 60,
      StateWaitSeconds: 999,
    })
    expect(status).toBe(400)
    const { user, phone } = await someone()
    await ring(user)
    expect((await phone.list())[0]?.claims.exp).toBe(nowSeconds() + 120)
  })

  it('does not touch a challenge that was made before it changed', async () => {
    const { user, phone } = await someone()
    const before = await ring(user)
    await set({ answerSeconds: 10, redeemSeconds: 10, matchCode: 0, resends: 0, missedPrompts: 1 })
    time.forward(119)
    expect((await phone.list())[0]?.claims.match).toBe('code')
    expect((await d.payroll.resend(before.transactionId)).status).toBe(200)
    await approve(phone, before)
    time.forward(300)
    const { envelope } = await d.payroll.redeem({ user }, before.transactionId)
    expect(envelope.result.value).toBe(true)

    const after = await ring(user)
    const challenge = (await phone.list())[0]!
    expect(challenge.claims).toMatchObject({ match: 'none', exp: nowSeconds() + 10 })
    await phone.approve(challenge)
    time.forward(20)
    expect(
      (await d.payroll.redeem({ user }, after.transactionId)).envelope.result.authentication,
    ).toBe('REJECT')
  })
})
