/** Everything that may happen once, asked for many times at once. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type VirtualDevice,
  deviceKeys,
  enrol,
  lookAtEnrolment,
} from '../support/virtual-device.ts'
import { until } from '../support/until.ts'
import type { ChallengeCoordinator } from '../../worker/challenge/coordinator.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { objectOf } from './object.ts'

let d: Deployment
let time: ReturnType<typeof clock>
beforeAll(async () => {
  time = clock()
  time.forward(86_400)
  d = await deployment()
})
afterAll(() => time.stop())

let people = 0
const newPerson = () => d.person(`crowd${++people}`)
const atOnce = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))
const countOf = (values: unknown[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1
  return counts
}
async function approvedLogin(user: string, phone: VirtualDevice): Promise<string> {
  const asked = await d.payroll.ask({ user })
  await phone.approve((await phone.list())[0]!, asked.code)
  return asked.transactionId
}

/** What the object decided has reached D1. */
const drained = async ({ serial }: VirtualDevice) => {
  const { rows } = await objectOf(d, serial)
  await until('an empty outbox', async () => (await rows('select 1 from outbox')).length === 0)
}
const writtenOf = ({ serial }: VirtualDevice, action: string) =>
  env.DB.prepare(
    `select (select count(*) from receipts where serial = ?1) as receipts,
       (select count(*) from audit where serial = ?1 and action = ?2) as audited`,
  )
    .bind(serial, action)
    .first()

describe('a hundred at once', () => {
  it('redeem an approval exactly once', async () => {
    const user = await newPerson()
    const phone = await d.device(user)
    const transactionId = await approvedLogin(user, phone)
    const replies = await atOnce(100, () => d.payroll.redeem({ user }, transactionId))
    expect(countOf(replies.map(({ envelope }) => envelope.result.authentication))).toEqual({
      ACCEPT: 1,
      REJECT: 99,
    })
    expect(replies.filter(({ envelope }) => envelope.detail?.receipt !== undefined)).toHaveLength(1)
    await drained(phone)
    expect(await writtenOf(phone, 'redeem')).toEqual({ receipts: 1, audited: 1 })
    const next = await approvedLogin(user, phone)
    expect((await d.payroll.redeem({ user }, next)).envelope.result.value).toBe(true)
  })

  it('redeem it exactly once too where each waits for the others inside the object', async () => {
    const user = await newPerson()
    const phone = await d.device(user)
    const transactionId = await approvedLogin(user, phone)
    const { stub, evict } = await objectOf(d, phone.serial)
    await evict()
    const redemptions = await runInDurableObject(stub, (instance, { storage }) => {
      const coordinator = instance as ChallengeCoordinator
      const [made] = storage.sql
        .exec<{ application: string; copy: string }>('select application, copy from txn, owner')
        .toArray()
      const { application, copy } = made!
      return atOnce(100, (index) =>
        coordinator.redeem(JSON.parse(copy), {
          transactionId,
          application,
          attempt: `attempt ${index}`,
          pass: '',
          terms: {},
        }),
      )
    })
    expect(redemptions.filter(({ ok }) => ok)).toHaveLength(1)
    const lost = redemptions
      .filter((one) => !one.ok)
      .map((one) => ('state' in one ? one.state : ''))
    expect(countOf(lost)).toEqual({ redeemed: 99 })
    const next = await approvedLogin(user, phone)
    expect((await d.payroll.redeem({ user }, next)).envelope.result.value).toBe(true)
  })

  it('triggers with one Idempotency-Key make one transaction with one code', async () => {
    const user = await newPerson()
    const phone = await d.device(user)
    const headers = { 'Idempotency-Key': 'the same login' }
    const asked = await atOnce(100, () => d.payroll.ask({ user }, { headers }))
    expect(new Set(asked.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(await phone.list()).toHaveLength(1)

    const other = await d.payroll.trigger({ user: user.toUpperCase() }, { headers })
    expect([other.status, other.envelope.result.error?.message]).toEqual([
      409,
      expect.stringContaining('Idempotency-Key'),
    ])
    const serial = await d.payroll.call(
      'POST',
      '/validate/triggerchallenge',
      { user, serial: phone.serial },
      { headers },
    )
    expect(serial.status).toBe(409)
    const another = await d.newApplication('Wiki')
    expect((await another.ask({ user }, { headers })).transactionId).not.toBe(
      asked[0]?.transactionId,
    )
    expect(
      (await d.payroll.ask({ user }, { headers: { 'Idempotency-Key': 'another' } })).transactionId,
    ).not.toBe(asked[0]?.transactionId)
    const challenge = (await phone.list()).find(
      ({ claims }) => claims.application.name === 'Payroll',
    )
    expect(challenge).toBeDefined()
    expect(await d.payroll.ask({ user }, { headers })).toEqual(asked[0])
    const mine = await phone.list()
    const outcomes = []
    for (const one of mine) outcomes.push((await phone.approve(one, asked[0]?.code)).outcome)
    // The code fits the one transaction it belongs to.
    expect(countOf(outcomes)).toEqual({ accepted: 1, wrong_code: 2 })
    const redeemed = await d.payroll.redeem({ user }, asked[0]!.transactionId)
    expect(redeemed.envelope.result.value).toBe(true)
  })

  it('triggers without a key make a hundred transactions, of which one rings', async () => {
    const user = await newPerson()
    const phone = await d.device(user)
    const asked = await atOnce(100, () => d.payroll.ask({ user }))
    expect(new Set(asked.map(({ transactionId }) => transactionId)).size).toBe(100)
    expect(asked.filter(({ notified }) => notified)).toHaveLength(1)
    // The list is what a person can read; the one that rang is not buried under the others.
    const open = await phone.list()
    expect(open).toHaveLength(20)
    for (const challenge of open) await phone.decline(challenge)
    const { transactionId } = asked.find(({ notified }) => notified)!
    const { envelope } = await d.payroll.poll(transactionId)
    expect(envelope.detail?.challenge_status).toBe('declined')
  })

  it('cancellations and an approval end in one state that everybody is told', async () => {
    const user = await newPerson()
    const phone = await d.device(user)
    const asked = await d.payroll.ask({ user })
    const challenge = (await phone.list())[0]!
    const [answered] = await Promise.all([
      phone.approve(challenge, asked.code),
      atOnce(20, () => d.payroll.cancel(asked.transactionId)),
    ])
    // Cancelled before or after the approval: cancelled it is, and it cannot be redeemed.
    expect(['approved', 'cancelled']).toContain(answered.state)
    expect((await phone.look(challenge.challenge)).state).toBe('cancelled')
    const redeemed = await d.payroll.redeem({ user }, asked.transactionId)
    expect(redeemed.envelope.result).toMatchObject({ value: false, authentication: 'DECLINED' })
  })

  it('cancellations of what is being redeemed leave it redeemed or cancelled, never both', async () => {
    for (let round = 0; round < 5; round++) {
      const user = await newPerson()
      const transactionId = await approvedLogin(user, await d.device(user))
      const [redeemed, cancelled] = await Promise.all([
        d.payroll.redeem({ user }, transactionId),
        d.payroll.cancel(transactionId),
      ])
      const accepted = redeemed.envelope.result.authentication === 'ACCEPT'
      expect([accepted, cancelled.status]).toEqual(accepted ? [true, 409] : [false, 200])
    }
  })
})

describe('answers at once', () => {
  it('by two devices, one approving and one declining: one decides and both are told the same', async () => {
    const winners = []
    for (let round = 0; round < 6; round++) {
      const user = await newPerson()
      const [phone, laptop] = [await d.device(user), await d.device(user, { name: 'Laptop' })]
      const asked = await d.payroll.ask({ user })
      const [onPhone, onLaptop] = [(await phone.list())[0]!, (await laptop.list())[0]!]
      const approve = () => phone.approve(onPhone, asked.code)
      const decline = () => laptop.decline(onLaptop, 'not_me')
      const told = await Promise.all(
        round % 2 === 0 ? [approve(), decline()] : [decline(), approve()],
      )
      const [state] = told.map((one) => one.state)
      expect(told.map((one) => one.state)).toEqual([state, state])
      expect(countOf(told.map(({ outcome }) => outcome))).toEqual({
        accepted: 1,
        already_answered: 1,
      })
      const redeemed = await d.payroll.redeem({ user }, asked.transactionId)
      expect(redeemed.envelope.result.authentication).toBe(
        state === 'approved' ? 'ACCEPT' : 'DECLINED',
      )
      winners.push(state)
    }
    expect(winners.every((state) => state === 'approved' || state === 'declined')).toBe(true)
  })

  it('the same one fifty times counts once and is told the same', async () => {
    const user = await newPerson()
    const phone = await d.device(user)
    const asked = await d.payroll.ask({ user })
    const answer = await phone.signAnswer((await phone.list())[0]!, {
      decision: 'approve',
      code: asked.code,
    })
    const told = await atOnce(50, () => phone.sendAnswer(answer))
    expect(countOf(told.map(({ outcome, state }) => `${outcome} ${state}`))).toEqual({
      'accepted approved': 50,
    })
    const { rows } = await objectOf(d, phone.serial)
    await drained(phone)
    expect(await writtenOf(phone, 'answer')).toMatchObject({ audited: 1 })
    expect(await rows('select count(*) as count from txn')).toEqual([{ count: 1 }])
  })

  it('fifty wrong codes for one challenge are one try and one failure', async () => {
    const user = await newPerson()
    const phone = await d.device(user)
    const asked = await d.payroll.ask({ user })
    const challenge = (await phone.list())[0]!
    const told = await atOnce(50, (index) =>
      phone.approve(challenge, index === 25 ? asked.code : `ZZ${10 + index}`),
    )
    const counts = countOf(told.map(({ outcome }) => outcome))
    expect(counts['already_answered']).toBe(49)
    const { rows } = await objectOf(d, phone.serial)
    const failed = counts['wrong_code'] ?? 0
    expect(await rows('select failCount from counter')).toEqual([{ failCount: failed }])
    expect(new Set(told.map(({ state }) => state)).size).toBe(1)
    time.forward(3600)
    const transactionId = await approvedLogin(user, phone)
    expect((await d.payroll.redeem({ user }, transactionId)).envelope.result.value).toBe(true)
  })
})

describe('enrolments at once', () => {
  it('with two keys bind one device; the other finds it spent', async () => {
    const user = await newPerson()
    const { serial, link } = await d.payroll.invite({ user })
    const tried = await Promise.allSettled(
      Array.from({ length: 10 }, () => enrol(d.server, { invitation: link })),
    )
    const enrolled = tried.filter((one) => one.status === 'fulfilled').map(({ value }) => value)
    const refused = tried.filter((one) => one.status === 'rejected').map(({ reason }) => reason)
    expect(enrolled).toHaveLength(1)
    expect(countOf(refused.map((error) => error.problem.reason))).toEqual({ enrolment_spent: 9 })
    expect(enrolled[0]?.serial).toBe(serial)
    expect(await enrolled[0]?.list()).toEqual([])
  })

  it('with one key again and again are one device with one id', async () => {
    const user = await newPerson()
    const { link } = await d.payroll.invite({ user })
    const keys = await deviceKeys()
    const devices = await atOnce(10, () => enrol(d.server, { invitation: link, keys }))
    expect(new Set(devices.map(({ deviceId }) => deviceId)).size).toBe(1)
    const asked = await d.payroll.ask({ user })
    const challenge = (await devices[9]!.list())[0]!
    expect((await devices[0]!.approve(challenge, asked.code)).outcome).toBe('accepted')
  })

  it('have five tries of a code between them, counted although they come at once', async () => {
    const user = await newPerson()
    const wrong = (code: string, index: number) =>
      `${code.slice(0, 5)}${String(index).padStart(7, '0')}`
    const tryAll = (code: string, count: number) =>
      Promise.allSettled(
        Array.from({ length: count }, (_, index) =>
          lookAtEnrolment(d.server, { code: wrong(code, index) }),
        ),
      )
    const lucky = await d.payroll.invite({ user })
    await tryAll(lucky.code, 4)
    const phone = await enrol(d.server, { invitation: lucky.code })
    expect(phone.serial).toBe(lucky.serial)

    const guessed = await d.payroll.invite({ user })
    const tried = await tryAll(guessed.code, 20)
    const reasons = tried.map((one) =>
      one.status === 'rejected' ? one.reason.problem.reason : 'found',
    )
    expect(countOf(reasons)).toEqual({ enrolment_unknown: 5, enrolment_expired: 15 })
    await expect(enrol(d.server, { invitation: guessed.code })).rejects.toThrow('enrolment_expired')
    const again = await d.payroll.invite({ user })
    expect((await enrol(d.server, { invitation: again.code })).serial).toBe(again.serial)
  })
})

const client = '203.0.113.9'
const newGateway = () => d.newApplication('Gateway', ['check', 'origin_claimed'])

describe('PIN tries at once', () => {
  it('are all counted before any is judged, and the right PIN works when the wait is over', async () => {
    const gateway = await newGateway()
    const user = await newPerson()
    const phone = await d.device(user, { pin: '4711' })
    const replies = await atOnce(15, (index) =>
      gateway.check({ user, client, pass: index === 14 ? '4711' : `wrong${index}` }),
    )
    const told = replies.map(({ envelope }) => envelope.detail?.message ?? '')
    const judged = told.filter((message) => message === 'wrong otp pin')
    const slowed = told.filter((message) => message.startsWith('Too many wrong tries'))
    expect([judged.length, slowed.length]).toEqual([5, 10])
    expect(await phone.list()).toEqual([])
    const soon = await gateway.check({ user, client, pass: '4711' })
    expect(soon.envelope.detail?.message).toContain(
      'Too many wrong tries. Try again in 10 seconds.',
    )
    time.forward(10)
    const right = await gateway.check({ user, client, pass: '4711' })
    expect(right.envelope.result.authentication).toBe('CHALLENGE')
    expect(await phone.list()).toHaveLength(1)
  })
})

describe('PIN tries one after another', () => {
  it('are not forgiven by an empty PIN, which another device of the person may have', async () => {
    const gateway = await newGateway()
    const user = await newPerson()
    await d.device(user, { pin: '4711' })
    await d.device(user, { name: 'Tablet' })
    const judged: string[] = []
    for (let index = 0; index < 12; index++) {
      const { envelope } = await gateway.check({ user, client, pass: `wrong${index}` })
      judged.push(envelope.detail?.message ?? '')
      const empty = await gateway.check({ user, client, pass: '' })
      expect(empty.envelope.result.authentication).toBe('CHALLENGE')
    }
    expect(judged.filter((message) => message === 'wrong otp pin')).toHaveLength(5)
  })

  it('by a stranger whose address nobody knows do not keep the person out', async () => {
    const user = await newPerson()
    await d.device(user, { pin: '4711' })
    for (let index = 0; index < 20; index++) await d.payroll.check({ user, pass: `wrong${index}` })
    const right = await d.payroll.check({ user, pass: '4711' })
    expect(right.envelope.result.authentication).toBe('CHALLENGE')
  })
})

describe('a signed request sent many times at once', () => {
  it('is admitted once', async () => {
    const user = await newPerson()
    const phone = await d.device(user)
    const body = JSON.stringify({ name: 'Tablet' })
    const authorization = `Countersign ${await phone.signRequest('PATCH', '/device', { body })}`
    const replies = await atOnce(20, () => phone.call('PATCH', '/device', { body, authorization }))
    expect(countOf(replies.map(({ status }) => status))).toEqual({ 200: 1, 401: 19 })
    await phone.rename('Tablet')
  })
})
