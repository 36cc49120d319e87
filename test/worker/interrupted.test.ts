/** A token change that was interrupted between D1 and the owner's object is brought to its end by the minute's cleaning. */
import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, expect, it, vi } from 'vitest'
import { tokenChanges, tokens } from '../../schema/tables.ts'
import { markChanges, unmarkAll } from '../../worker/store/changes.ts'
import worker from '../../worker/index.ts'
import { DeviceRefused } from '../support/virtual-device.ts'
import { type Deployment, deployment } from './deployment.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})

const minute = () => worker.scheduled(createScheduledController(), env)

it('disables in the object what a dead request had disabled in D1', async () => {
  const user = await d.person('ida')
  const phone = await d.device(user)
  const asked = await d.payroll.ask({ user })
  const [token] = await d.db.select().from(tokens).where(eq(tokens.serial, phone.serial))
  // As a request leaves it that died after its commit.
  await d.db.update(tokens).set({ active: false }).where(eq(tokens.serial, phone.serial))
  const mark = { mark: 'dead-request', ownerId: token!.ownerId, customer: 'default', at: 0 }
  await d.db.insert(tokenChanges).values(mark)
  expect((await phone.list()).length).toBe(1)

  await minute()
  await expect(phone.list()).rejects.toThrow(DeviceRefused)
  const { envelope } = await d.payroll.poll(asked.transactionId)
  expect(envelope.detail?.challenge_status).toBe('declined')
  expect(await d.db.select().from(tokenChanges)).toEqual([])

  await d.db.update(tokens).set({ active: true }).where(eq(tokens.serial, phone.serial))
  await d.db.insert(tokenChanges).values(mark)
  await minute()
  expect((await d.payroll.ask({ user })).transactionId).toHaveLength(60)
})

it('leaves no mark behind after a change that went well', async () => {
  const phone = await d.device(await d.person('ivo'))
  await phone.rename('Tablet')
  expect(await d.db.select().from(tokenChanges)).toEqual([])
})

it('marks as many owners as a realm may have, in values that D1 takes', async () => {
  const marks = Array.from({ length: 30_000 }, (_, index) => ({
    mark: `mark-${index}`.padEnd(16, '-'),
    ownerId: `owner-${index}`.padEnd(22, '-'),
    customer: 'default',
    at: Math.floor(Date.now() / 1000),
  }))
  const session = Object.getPrototypeOf(env.DB.withSession()) as {
    _send(path: string, query: unknown, given: unknown): Promise<unknown>
  }
  const send = vi.spyOn(session, '_send')
  await markChanges(env.DB, marks)
  expect(await d.db.$count(tokenChanges)).toBe(marks.length)
  await unmarkAll(
    env.DB,
    marks.map(({ mark }) => mark),
  )
  expect(await d.db.$count(tokenChanges)).toBe(0)
  const values = send.mock.calls.flatMap(([, , given]) => [given].flat(2) as unknown[])
  const longest = Math.max(...values.map((value) => String(value).length))
  expect(longest).toBeGreaterThan(10_000)
  // Two megabytes at most; here it would take more.
  expect(longest).toBeLessThan(200_000)
  vi.restoreAllMocks()
})
