/** A token change that was interrupted between D1 and the owner's object is brought to its end by the minute's cleaning. */
import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, expect, it } from 'vitest'
import { tokenChanges, tokens } from '../../schema/tables.ts'
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
