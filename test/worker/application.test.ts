/** The application's side of a login: what a challenge says, check by PIN, polling, waiting, listening, calling off. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eq } from 'drizzle-orm'
import { tokens } from '../../schema/tables.ts'
import type { Coordinator } from '../../worker/challenge/reach.ts'
import type { OwnerId } from '../../worker/crypto/sealed-id.ts'
import type { StatusEvent, Transaction } from '../support/application.ts'
import { readEvents } from '../support/application.ts'
import { until } from '../support/until.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { objectOf } from './object.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})

let time: ReturnType<typeof clock> | null = null
afterEach(() => {
  time?.stop()
  time = null
})

let people = 0
async function enrolled(more: { pin?: string } = {}) {
  const user = await d.person(`applied-${people++}`)
  return { user, phone: await d.device(user, more) }
}

async function approve(phone: VirtualDevice, { code }: Pick<Transaction, 'code'>): Promise<void> {
  const [challenge] = await phone.list()
  expect(await phone.approve(challenge!, code)).toMatchObject({ outcome: 'accepted' })
}

const statusOf = async (transactionId: string): Promise<unknown> =>
  (await d.payroll.poll(transactionId)).envelope.detail?.challenge_status

/** The whole state of what an answer says: value, authentication, message. */
const told = ({ envelope }: Awaited<ReturnType<typeof d.payroll.poll>>) => [
  envelope.result.value,
  envelope.result.authentication,
  envelope.detail?.message,
]

describe('a challenge', () => {
  it('is told in full: every device, one transaction, the last one repeated at the top, no null', async () => {
    const { user, phone } = await enrolled()
    const other = await d.device(user)
    const { status, envelope } = await d.payroll.trigger({ user })
    expect(status).toBe(200)
    expect(envelope).toMatchObject({ id: 2, jsonrpc: '2.0', versionnumber: '3.12' })
    expect(envelope.result).toEqual({ authentication: 'CHALLENGE', status: true, value: 2 })
    const detail = envelope.detail as Record<string, unknown> & {
      multi_challenge: Record<string, unknown>[]
    }
    expect(new Set(detail.multi_challenge.map(({ serial }) => serial))).toEqual(
      new Set([phone.serial, other.serial]),
    )
    const last = detail.multi_challenge.at(-1)!
    expect(detail).toMatchObject(last)
    expect(last).toMatchObject({ type: 'push', client_mode: 'poll', image: '', link: '' })
    const ids = new Set(detail.multi_challenge.map(({ transaction_id: id }) => id))
    expect([...ids]).toEqual([detail.transaction_id])
    expect(detail.transaction_ids).toEqual([detail.transaction_id, detail.transaction_id])
    expect(detail.message).toContain(detail.presence_answer)
    expect(detail.messages).toEqual([detail.message, detail.message])
    expect(detail.transaction_id).toMatch(/^[\w-]{60}$/)
    expect(JSON.stringify(envelope)).not.toContain('null')
  })

  it('asks a person by PIN, and only the tokens that have it', async () => {
    const { user, phone } = await enrolled({ pin: 'red' })
    const blue = await d.device(user, { pin: 'blue' })
    const none = await d.device(user)
    const { envelope } = await d.payroll.check({ user, pass: 'blue' })
    expect(envelope.result).toMatchObject({ value: false, authentication: 'CHALLENGE' })
    expect(envelope.detail).toMatchObject({ serial: blue.serial, notified: true })
    expect([await phone.list(), await none.list()]).toEqual([[], []])
    expect((await d.payroll.check({ user, pass: '' })).envelope.detail?.serial).toBe(none.serial)
    expect(told(await d.payroll.check({ user, pass: 'green' }))).toEqual([
      false,
      'REJECT',
      'wrong otp pin',
    ])
    const { transaction_id: transactionId = '', presence_answer: code = '' } = envelope.detail ?? {}
    await approve(blue, { code })
    expect(told(await d.payroll.redeem({ user }, transactionId))).toEqual([
      true,
      'ACCEPT',
      'Found matching challenge',
    ])
  })

  it('is not made for tokens that are disabled, revoked or not yet enrolled', async () => {
    const { user, phone } = await enrolled()
    const { serial } = phone
    const object = await objectOf(d, serial)
    const [{ ownerId } = { ownerId: '' }] = await d.db
      .select()
      .from(tokens)
      .where(eq(tokens.serial, serial))
    const set = async (values: Partial<typeof tokens.$inferInsert>) => {
      await d.db.update(tokens).set(values).where(eq(tokens.serial, serial))
      await (object.stub as unknown as Coordinator).tokensChanged(
        { ownerId: ownerId as OwnerId, customer: 'default' },
        Date.now(),
      )
    }
    const refused = async () => [
      told(await d.payroll.check({ user, pass: '' }))[2],
      (await d.payroll.trigger({ user })).envelope.result.value,
    ]
    await set({ active: false })
    expect(await refused()).toEqual(['No suitable token found for authentication.', 0])
    await set({ active: true, revoked: true })
    for (const asked of [{ user }, { serial }]) {
      const { status, envelope } = await d.payroll.check({ ...asked, pass: '' })
      expect([status, envelope.result.error?.code]).toEqual([400, 1007])
    }
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(0)
    await set({ revoked: false })
    await approve(phone, await d.payroll.ask({ user }))

    const waiting = await d.person('waiting')
    await d.payroll.invite({ user: waiting })
    expect((await d.payroll.trigger({ user: waiting })).envelope.result.value).toBe(0)
  })

  it('is refused with the words of the wire where it is not known whom to ask', async () => {
    const nobody = await d.person('tokenless')
    expect(told(await d.payroll.check({ user: nobody, pass: '' }))).toEqual([
      false,
      'REJECT',
      'The user has no tokens assigned',
    ])
    for (const [parameters, status, code, message] of [
      [{ pass: '' }, 400, 905, 'ERR905: You need to specify a serial, user or credential_id.'],
      [{ user: nobody }, 400, 905, "ERR905: Missing parameter: 'pass'"],
      [{ user: 'nobody', pass: '' }, 400, 904, 'ERR904: The user can not be found'],
      [{ user: nobody, realm: 'none', pass: '' }, 400, 904, 'ERR904: The user can not be found'],
      [{ serial: 'PIPU0', pass: '' }, 404, 601, 'The requested token could not be found.'],
    ] as const) {
      const reply = await d.payroll.check(parameters)
      expect(reply.status).toBe(status)
      expect(reply.envelope.result.error?.code).toBe(code)
      expect(reply.envelope.result.error?.message).toMatch(new RegExp(`^${message}`))
      expect(reply.envelope.detail).toBeNull()
    }
  })
})

describe('redeeming', () => {
  it('says how it stands, in the words of the wire, until it is approved', async () => {
    const { user, phone } = await enrolled()
    const asked = await d.payroll.ask({ user })
    const redeem = (id = asked.transactionId) => d.payroll.redeem({ user }, id)
    expect(told(await redeem())).toEqual([false, 'REJECT', 'Response did not match the challenge.'])
    expect(told(await redeem('unknown'))).toEqual([false, 'REJECT', 'wrong otp pin'])
    await approve(phone, asked)
    expect(told(await redeem())).toEqual([true, 'ACCEPT', 'Found matching challenge'])
    expect(told(await redeem())).toEqual([false, 'REJECT', 'wrong otp pin'])
    expect(await statusOf(asked.transactionId)).toBe('pending')
  })

  it('is for the application that asked: another can neither redeem, cancel nor send again', async () => {
    time = clock()
    const { user, phone } = await enrolled()
    const asked = await d.payroll.ask({ user })
    const id = asked.transactionId
    const other = await d.newApplication('Wiki')
    time.forward(10)
    expect((await other.resend(id)).status).toBe(404)
    expect((await d.payroll.resend(id)).status).toBe(200)
    expect((await other.cancel(id)).status).toBe(404)
    await approve(phone, asked)
    expect(told(await other.redeem({ user }, id))).toEqual([false, 'REJECT', 'wrong otp pin'])
    // Nor with the right credentials under another's name.
    const stranger = await enrolled()
    expect(told(await d.payroll.redeem({ user: stranger.user }, id))).toEqual([
      false,
      'REJECT',
      'wrong otp pin',
    ])
    expect(told(await d.payroll.redeem({ user }, id))[0]).toBe(true)
    const again = await d.payroll.ask({ user })
    expect((await d.payroll.cancel(again.transactionId)).status).toBe(200)
  })

  it('ends when the transaction is called off; calling off twice is no mistake', async () => {
    const { user, phone } = await enrolled()
    const asked = await d.payroll.ask({ user })
    await approve(phone, asked)
    expect((await d.payroll.cancel(asked.transactionId)).status).toBe(200)
    expect((await d.payroll.cancel(asked.transactionId)).status).toBe(200)
    expect(told(await d.payroll.redeem({ user }, asked.transactionId))[1]).toBe('DECLINED')
    expect((await d.payroll.resend(asked.transactionId)).status).toBe(409)

    const next = await d.payroll.ask({ user })
    await approve(phone, next)
    await d.payroll.redeem({ user }, next.transactionId)
    expect((await d.payroll.cancel(next.transactionId)).status).toBe(409)
  })
})

describe('polling', () => {
  it('says pending for what is unknown, forged, expired or redeemed, and is open to every page', async () => {
    time = clock()
    const { user } = await enrolled()
    const { transactionId } = await d.payroll.ask({ user })
    time.forward(120)
    for (const id of [
      transactionId,
      'x',
      '%00',
      transactionId.replace(/.$/, 'A'),
      'A'.repeat(60),
    ]) {
      const response = await d.fetch(`/validate/polltransaction/${id}`)
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect(await response.json()).toMatchObject({
        detail: { challenge_status: 'pending' },
        result: { value: false, authentication: 'REJECT' },
      })
    }
  })

  it('takes the id as a parameter too', async () => {
    const { user, phone } = await enrolled()
    const asked = await d.payroll.ask({ user })
    await approve(phone, asked)
    const query = new URLSearchParams({ transaction_id: asked.transactionId })
    const response = await d.fetch(`/validate/polltransaction?${query}`)
    expect(await response.json()).toMatchObject({
      result: { value: true, authentication: 'ACCEPT' },
    })
    const missing = await d.fetch('/validate/polltransaction')
    expect(missing.status).toBe(400)
    expect(missing.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('tells a cancelled one as declined, and as cancelled to who knows the word', async () => {
    const { user, phone } = await enrolled()
    const { transactionId } = await d.payroll.ask({ user })
    const [challenge] = await phone.list()
    await phone.decline(challenge!, 'cancelled')
    expect(await statusOf(transactionId)).toBe('declined')
    const response = await d.fetch(`/validate/polltransaction/${transactionId}?cancelled=1`)
    expect(await response.json()).toMatchObject({
      detail: { challenge_status: 'cancelled' },
      result: { value: false, authentication: 'DECLINED' },
    })
  })
})

describe('waiting', () => {
  const wait = (transactionId: string, seconds = 20) => d.payroll.poll(transactionId, seconds)

  it('by poll ends with the answer, not before and not long after', async () => {
    const { user, phone } = await enrolled()
    const asked = await d.payroll.ask({ user })
    let over = false
    const waited = wait(asked.transactionId).finally(() => (over = true))
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(over).toBe(false)
    await approve(phone, asked)
    const answeredAtMs = performance.now()
    expect((await waited).envelope.detail?.challenge_status).toBe('accept')
    expect(performance.now() - answeredAtMs).toBeLessThan(1000)
  })

  it('by check with State ends with the answer, redeemed', async () => {
    const { user, phone } = await enrolled({ pin: 'radius' })
    const first = await d.payroll.check({ user, pass: 'radius' })
    const { transaction_id: state = '', presence_answer: code = '' } = first.envelope.detail ?? {}
    const waited = d.payroll.check({ user, pass: '', state })
    await approve(phone, { code })
    expect(told(await waited)).toEqual([true, 'ACCEPT', 'Found matching challenge'])
    expect(told(await d.payroll.redeem({ user }, state))[0]).toBe(false)
  })

  it('by check with State hears a decline at once', async () => {
    const { user, phone } = await enrolled()
    const { transactionId: state } = await d.payroll.ask({ user })
    const waited = d.payroll.check({ user, pass: '', state })
    const [challenge] = await phone.list()
    await phone.decline(challenge!, 'not_me')
    expect(told(await waited)).toEqual([false, 'DECLINED', 'The request was declined.'])
  })

  it('is over after the time that was asked for or is set, and the answer still counts', async () => {
    const { user, phone } = await enrolled()
    const asked = await d.payroll.ask({ user })
    const { transactionId: state } = asked
    expect((await wait(state, 1)).envelope.detail?.challenge_status).toBe('pending')
    const set = (blockingWaitSeconds: number) => d.set({ blockingWaitSeconds })
    await set(1)
    const tooLong = await d.payroll.raw('GET', `/validate/polltransaction/${state}?wait=2`)
    expect(tooLong.status).toBe(400)
    expect(told(await d.payroll.check({ user, pass: '', state }))).toEqual([
      false,
      'REJECT',
      'Response did not match the challenge.',
    ])
    await set(60)
    await approve(phone, asked)
    expect(told(await d.payroll.check({ user, pass: '', state }))[0]).toBe(true)
  })

  it('is no use, and does not happen, for what is unknown, of another person, or over', async () => {
    const { user, phone } = await enrolled()
    const other = await enrolled()
    const asked = await d.payroll.ask({ user })
    const state = asked.transactionId
    for (const id of ['unknown', 'A'.repeat(60)]) {
      expect((await wait(id)).envelope.detail?.challenge_status).toBe('pending')
      expect(told(await d.payroll.check({ user, pass: '', state: id }))[0]).toBe(false)
    }
    expect(told(await d.payroll.check({ user: other.user, pass: '', state }))[2]).toBe(
      'wrong otp pin',
    )
    await approve(phone, asked)
    expect((await wait(state)).envelope.detail?.challenge_status).toBe('accept')
    expect(told(await d.payroll.check({ user, pass: '', state }))[0]).toBe(true)
    expect((await wait(state)).envelope.detail?.challenge_status).toBe('pending')
  })

  it('is for sixteen: the next is answered at once, and takes the place of one who has left', async () => {
    const { user, phone } = await enrolled()
    const asked = await d.payroll.ask({ user })
    const path = `/validate/polltransaction/${asked.transactionId}?wait=20`
    const waiting = await Promise.all(Array.from({ length: 16 }, () => d.fetch(path)))
    const crowded = () => d.fetch(path).then((response) => response.json())
    await until('all places to be taken', async () => {
      const startedAtMs = performance.now()
      const early = await Promise.race([
        crowded(),
        new Promise<null>((resolve) => setTimeout(() => resolve(null), 300)),
      ])
      return early !== null && performance.now() - startedAtMs < 300
    })
    expect(await crowded()).toMatchObject({ detail: { challenge_status: 'pending' } })

    const leaving = waiting.shift()
    await leaving?.body?.cancel()
    let late: Response | null = null
    await until('a place to be free', async () => {
      const response = await d.fetch(path)
      const over = await Promise.race([
        response.clone().json(),
        new Promise<null>((resolve) => setTimeout(() => resolve(null), 300)),
      ])
      if (over === null) late = response
      return over === null
    })
    await approve(phone, asked)
    for (const response of [...waiting, late as unknown as Response])
      expect(await response.json()).toMatchObject({ detail: { challenge_status: 'accept' } })
  })

  it('by one who has left burns no approval', async () => {
    const { user, phone } = await enrolled()
    const asked = await d.payroll.ask({ user })
    const parameters = { user, pass: '', state: asked.transactionId }
    const left = await d.payroll.raw('POST', '/validate/check', parameters)
    await left.body?.cancel()
    await approve(phone, asked)
    expect(told(await d.payroll.redeem({ user }, asked.transactionId))[0]).toBe(true)
  })
})

describe('listening', () => {
  /** Everything that is said until the stream ends. */
  async function allEvents(transactionId: string): Promise<string[]> {
    const heard: string[] = []
    for await (const { challenge_status: status } of d.payroll.events(transactionId))
      heard.push(status)
    return heard
  }

  it('says how it stands, then how it ended with its time, and stops', async () => {
    const { user, phone } = await enrolled()
    const asked = await d.payroll.ask({ user })
    const response = await d.fetch(`/validate/events/${asked.transactionId}`)
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const events = readEvents(response.body!)
    expect((await events.next()).value).toEqual({
      challenge_status: 'pending',
      answered_at_ms: null,
    })
    const beforeMs = Date.now()
    await approve(phone, asked)
    const final = (await events.next()).value as StatusEvent
    expect(final.challenge_status).toBe('accept')
    expect(final.answered_at_ms).toBeGreaterThanOrEqual(beforeMs)
    expect(final.answered_at_ms).toBeLessThanOrEqual(Date.now())
    expect((await events.next()).done).toBe(true)
    expect(await allEvents(asked.transactionId)).toEqual(['accept'])
    await d.payroll.redeem({ user }, asked.transactionId)
    expect(await allEvents(asked.transactionId)).toEqual(['expired'])
  })

  it.each([
    ['declined', (phone: VirtualDevice) => decline(phone, 'not_me')],
    ['cancelled', (phone: VirtualDevice) => decline(phone, 'cancelled')],
  ])('hears that it was %s', async (state, act) => {
    const { user, phone } = await enrolled()
    const { transactionId } = await d.payroll.ask({ user })
    const heard = allEvents(transactionId)
    await act(phone)
    expect((await heard).at(-1)).toBe(state)
  })

  it('hears that nobody answered', async () => {
    time = clock()
    const { user, phone } = await enrolled()
    const { transactionId } = await d.payroll.ask({ user })
    const events = d.payroll.events(transactionId)
    expect((await events.next()).value?.challenge_status).toBe('pending')
    time.forward(120)
    await (await objectOf(d, phone.serial)).alarm()
    expect((await events.next()).value?.challenge_status).toBe('expired')
    expect((await events.next()).done).toBe(true)
  })

  it('to an unknown transaction says that it is over', async () => {
    expect(await allEvents('unknown')).toEqual(['expired'])
    expect(await allEvents('A'.repeat(60))).toEqual(['expired'])
  })

  async function decline(phone: VirtualDevice, reason: 'not_me' | 'cancelled'): Promise<void> {
    const [challenge] = await phone.list()
    await phone.decline(challenge!, reason)
  }
})
