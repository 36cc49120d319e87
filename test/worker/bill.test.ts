/**
 * The bill: what each step costs with everything that follows from it, each line a promise. Whoever makes a step cheaper writes
 * the smaller number here; whoever would make one dearer says why.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { type Bill, type Meter, free, meter } from './meter.ts'
import { objectOf } from './object.ts'

/** What is not named costs nothing. */
const bills = {
  trigger: { objects: 1, rows: 6, alarms: 1, signed: 1 },
  poll: { objects: 1 },
  'device list': { objects: 1, verified: 1 },
  approve: { objects: 1, rows: 2, verified: 1 },
  redeem: { objects: 1, rows: 3, signed: 1 },
  /** What the three leave in D1, in one batch, and take out of the outbox; and when the object is to wake next. */
  trail: { rows: 3, alarms: 1, later: 3, written: 6 },
} satisfies Record<string, Partial<Bill>>

let d: Deployment
let time: ReturnType<typeof clock>
let counts: Meter
let object: Awaited<ReturnType<typeof objectOf>>
let people = 0

/** The clock stands: the epoch is read once a second, and no second passes. */
beforeEach(() => {
  time = clock()
})
afterEach(async () => {
  await object.gather(0)
  time.stop()
  vi.restoreAllMocks()
})

/** A person whose object, names and settings this deployment has met before. */
async function warm(): Promise<{ user: string; phone: VirtualDevice }> {
  d = await deployment()
  const user = await d.person(`billed-${people++}`)
  const phone = await d.device(user)
  const asked = await d.payroll.ask({ user })
  const [open] = await phone.list()
  await phone.approve(open!, asked.code)
  await d.payroll.redeem({ user }, asked.transactionId)
  object = await objectOf(d, phone.serial)
  await object.gather(5)
  counts = await meter(d)
  counts.ignore(phone.keys.privateKey)
  return { user, phone }
}

/** Does the work and holds it to its line of the table. */
async function costs<T>(step: keyof typeof bills, work: () => Promise<T>): Promise<T> {
  const { given, bill } = await counts.read(work)
  expect.soft(bill, step).toEqual({ ...free, ...bills[step] })
  return given
}

describe('a login', () => {
  it('costs what its steps cost, and no more', async () => {
    const { user, phone } = await warm()
    const asked = await costs('trigger', () => d.payroll.ask({ user }))
    await costs('poll', () => d.payroll.poll(asked.transactionId))
    const { challenges } = await costs('device list', () => phone.overview())
    await costs('approve', () => phone.approve(challenges[0]!, asked.code))
    await costs('redeem', () => d.payroll.redeem({ user }, asked.transactionId))
    time.forward(5)
    await costs('trail', () => object.alarm())
  })
})
