/** What happened reaches D1 some seconds later: all of it in one batch, once, and whatever befalls the object meanwhile. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ChallengeCoordinator } from '../../worker/challenge/coordinator.ts'
import { sha256 } from '../../schema/encoding.ts'
import { application } from '../support/application.ts'
import { until } from '../support/until.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, adminPassword, clock, deployment, origin } from './deployment.ts'
import { objectOf } from './object.ts'
import { receivedAt } from './push-box.ts'

const gatherSeconds = 5
let d: Deployment
let time: ReturnType<typeof clock>
let object: Awaited<ReturnType<typeof objectOf>>
let phone: VirtualDevice
let user: string
let people = 0

beforeAll(async () => {
  d = await deployment()
})
beforeEach(async () => {
  time = clock()
  user = await d.person(`trailed-${people++}`)
  phone = await d.device(user)
  object = await objectOf(d, phone.serial)
  await object.gather(gatherSeconds)
})
afterEach(async () => {
  await object.gather(0)
  time.stop()
})

async function login(): Promise<string> {
  const asked = await d.payroll.ask({ user })
  const [open] = await phone.list()
  await phone.approve(open!, asked.code)
  await d.payroll.redeem({ user }, asked.transactionId)
  return asked.transactionId
}

/** Of this login, oldest first; numbers are drawn, so the order within a second says nothing. */
async function actions(): Promise<string[]> {
  const found = await env.DB.prepare(
    "select action from audit where user = ? and action in ('trigger', 'answer', 'redeem')",
  )
    .bind(user)
    .all<{ action: string }>()
  return found.results.map(({ action }) => action).toSorted()
}
const receipts = async (id: string) =>
  (
    await env.DB.prepare('select 1 from receipts where transaction_hash = ?')
      .bind(await sha256(id))
      .all()
  ).results.length
const waiting = async () => (await object.rows('select 1 from outbox')).length
const whole = ['answer', 'redeem', 'trigger']

describe('the trail', () => {
  it('has nothing of a login before its seconds are over, and all of it, once, when they are', async () => {
    const id = await login()
    await object.alarm()
    expect([await actions(), await waiting()]).toEqual([[], 3])
    time.forward(gatherSeconds)
    await object.alarm()
    expect([await actions(), await receipts(id), await waiting()]).toEqual([whole, 1, 0])
    time.forward(gatherSeconds)
    await object.alarm()
    expect(await actions()).toEqual(whole)
  })

  it('loses nothing of an object that was put to sleep before they were over', async () => {
    const asked = await d.payroll.ask({ user })
    await object.evict()
    const [open] = await phone.list()
    await phone.approve(open!, asked.code)
    await object.evict()
    await d.payroll.redeem({ user }, asked.transactionId)
    await object.evict()
    time.forward(gatherSeconds)
    await object.alarm()
    expect([await actions(), await receipts(asked.transactionId)]).toEqual([whole, 1])
  })

  it('has the receipt that a redeem is told again whose answer was lost, wherever that lies by then', async () => {
    const asked = await d.payroll.ask({ user })
    const [open] = await phone.list()
    await phone.approve(open!, asked.code)
    const redeem = (attempt: string) =>
      runInDurableObject(object.stub, (instance, { storage }) => {
        const [made] = storage.sql
          .exec<{ application: string; copy: string }>('select application, copy from txn, owner')
          .toArray()
        const { application, copy } = made!
        const request = { transactionId: asked.transactionId, application, attempt, pass: '' }
        const coordinator = instance as ChallengeCoordinator
        return coordinator.redeem(JSON.parse(copy), { ...request, terms: {} })
      })
    const first = await redeem('mine')
    expect(first).toMatchObject({ ok: true, receipt: expect.stringMatching(/^ey.+\..+\..+/) })
    expect(await redeem('mine')).toEqual(first)
    await object.evict()
    expect(await redeem('mine')).toEqual(first)
    time.forward(gatherSeconds)
    await object.alarm()
    expect([await waiting(), await receipts(asked.transactionId)]).toEqual([0, 1])
    expect(await redeem('mine')).toEqual(first)
    expect(await redeem('another')).toMatchObject({ ok: false, state: 'redeemed' })
    await login()
  })

  it('is written by the alarm of its first entry, however many follow', async () => {
    await d.payroll.ask({ user })
    time.forward(gatherSeconds - 1)
    await d.payroll.ask({ user })
    time.forward(1)
    await object.alarm()
    expect(await actions()).toEqual(['trigger', 'trigger'])
  })

  it('is written at once where an application is to be told, with all that the same step decided', async () => {
    const url = `https://hooks.example.net/trail-${user}`
    const stranger = application({ url: origin, fetch: d.fetch })
    const { envelope } = await stranger.auth('admin', adminPassword)
    const { token } = envelope.result.value as { token: string }
    const admin = application({ url: origin, fetch: d.fetch, token })
    const id = `trail-${user}`
    await admin.call('POST', `/application/${id}`, { name: 'Told' })
    const made = await admin.call('POST', `/application/${id}/webhook`, { url })
    expect(made.status).toBe(200)
    const key = await admin.call('POST', `/application/${id}/key`, { rights: 'trigger,check' })
    const { api_key: apiKey } = key.envelope.result.value as { api_key: string }
    const told = application({ url: origin, fetch: d.fetch, apiKey })
    const asked = await told.ask({ user })
    const [open] = await phone.list()
    await phone.approve(open!, asked.code)
    await until('the message', async () => (await receivedAt(url)).length === 1)
    await until('the trail', async () => (await actions()).length === 2)
    expect(await actions()).toEqual(['answer', 'trigger'])
    await told.redeem({ user }, asked.transactionId)
    time.forward(gatherSeconds)
    await object.alarm()
    expect(await actions()).toEqual(whole)
  })
})
