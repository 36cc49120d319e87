/** Moving to a new phone: the old one approves exactly its key, it is held for a day, and every other device can stop it. */
import { abortAllDurableObjects, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eq } from 'drizzle-orm'
import { trustedKeys } from '../../schema/chain.ts'
import { headerOf, thumbprint, verify } from '../../schema/jws.ts'
import { NewcomerClaims, typ } from '../../schema/signing.ts'
import { deploymentOf } from '../../worker/env.ts'
import { agreementKeys, exportPublic, openHmac } from '../../schema/sealed.ts'
import { audit, tokens } from '../../schema/tables.ts'
import type { Application } from '../support/application.ts'
import { type VirtualDevice, deviceKeys, enrol, publicJwkOf } from '../support/virtual-device.ts'
import { type Deployment, adminPassword, clock, deployment } from './deployment.ts'
import { pushBox } from './push-box.ts'
import { until } from '../support/until.ts'
import { tablesOf } from './inside.ts'
import { objectOf } from './object.ts'
import { codeOf, deviceFrom, finish, invite, move, told } from './move.ts'

let d: Deployment
let admin: Application
let people = 0
let time: ReturnType<typeof clock> | null = null
beforeAll(async () => {
  d = await deployment()
  const { envelope } = await d.payroll.auth('admin', adminPassword)
  admin = d.payroll.as({ token: (envelope.result.value as { token: string }).token })
})
afterEach(() => {
  time?.stop()
  time = null
})

const day = 86_400
async function someone() {
  const user = await d.person(`mover-${people++}`)
  return { user, phone: await d.device(user, { pin: '4711', name: 'Old phone' }) }
}
const asked = async (user: string, serial?: string) =>
  (await d.payroll.call('POST', '/validate/triggerchallenge', { user, ...(serial && { serial }) }))
    .envelope
const questionOn = async (phone: VirtualDevice) =>
  (await phone.list()).find(({ claims }) => claims.newDevice)
const stop = (phone: VirtualDevice, serial: string) =>
  told(phone, 'DELETE', `/device/newcomers/${serial}`)
const post = (path: string, body: object = {}) => admin.call('POST', `/token/${path}`, body)

describe('a move', () => {
  it('asks the old device for exactly the new key, and says from where it came', async () => {
    const { phone } = await someone()
    const invitation = await invite(phone)
    const keys = await deviceKeys()
    const waiting = await finish(d, invitation, keys, { name: 'Pixel 9' })
    expect(codeOf(waiting)).toMatch(/^\w{4}$/)
    const question = await questionOn(phone)
    expect(question?.claims).toMatchObject({
      newDevice: { name: 'Pixel 9', thumbprint: await thumbprint(await publicJwkOf(keys)) },
      origin: { how: 'browser', agent: { browser: 'Firefox' } },
      match: 'code',
    })
    // Asked again it is the same question with the same code.
    expect(codeOf(await finish(d, invitation, keys, { name: 'Pixel 9' }))).toBe(codeOf(waiting))
    expect((await phone.list()).length).toBe(1)
    await phone.approve(question!, codeOf(waiting))
    const done = await finish(d, invitation, keys, { name: 'Pixel 9' })
    expect(done.body).toMatchObject({ serial: invitation.serial, account: expect.any(String) })
    // An answer can be lost on the way.
    expect((await finish(d, invitation, keys, { name: 'Pixel 9' })).body['deviceId']).toBe(
      done.body['deviceId'],
    )
  })

  it('lets the new device read, tells the others, and lets it answer after a day', async () => {
    const { user, phone } = await someone()
    const other = await d.device(user, { name: 'Laptop' })
    const added = await move(d, phone)
    const now = Math.floor(Date.now() / 1000)
    const { heldUntil = 0, challenges } = await added.overview()
    expect(Math.abs(heldUntil - now - day)).toBeLessThan(10)
    expect(challenges).toEqual([])
    for (const device of [phone, other])
      expect((await device.overview()).newcomers).toEqual([
        { serial: added.serial, name: 'New phone', heldUntil, stoppableUntil: heldUntil },
      ])
    expect((await added.overview()).newcomers).toEqual([])
    const [row] = await d.db.select().from(audit).where(eq(audit.action, 'device_move')).limit(1)
    expect(row?.success).toBe(true)

    expect((await asked(user)).detail?.['multi_challenge']).toHaveLength(2)
    time = clock()
    time.forward(day + 60)
    const envelope = await asked(user, added.serial)
    const [question] = await added.list()
    const code = envelope.detail?.presence_answer ?? ''
    expect((await added.approve(question!, code)).state).toBe('approved')
    expect((await phone.overview()).newcomers).toEqual([])
  })
})

describe('every other device', () => {
  it('is told at once by push, in words that the server signed, and the new one is not', async () => {
    const { user, phone } = await someone()
    const laptop = await d.device(user, { name: 'Laptop' })
    const box = await pushBox()
    await laptop.subscribe(box.subscription)
    const added = await move(d, phone, { name: 'Pixel 9' })
    const [payload] = await box.payloads(1)
    expect(payload?.notification.body).toBe('A device was added')
    const { device, newcomer = '' } = payload!.countersign as Record<string, string>
    expect(device).toBe(laptop.deviceId)
    const { chain } = await deploymentOf(d.env)
    const keys = await trustedKeys(chain, laptop.rootThumbprint)
    const key = keys?.get(headerOf(newcomer)?.kid ?? '')
    expect(await verify(typ.newcomer, newcomer, key!, NewcomerClaims)).toMatchObject({
      aud: laptop.deviceId,
      serial: added.serial,
      name: 'Pixel 9',
    })
    expect(await verify(typ.challenge, newcomer, key!, NewcomerClaims)).toBeNull()
  })
})

describe('nothing is enrolled', () => {
  it('without an approval, by a declined one, by a wrong code, or too late', async () => {
    const { user, phone } = await someone()
    const listed = async () =>
      (await d.db.select().from(tokens).where(eq(tokens.rolloutState, 'enrolled'))).map(
        ({ serial }) => serial,
      )
    const tries: ((question: NonNullable<Awaited<ReturnType<typeof questionOn>>>) => unknown)[] = [
      (question) => phone.decline(question),
      (question) => phone.approve(question, '0000'),
    ]
    for (const wrong of tries) {
      const invitation = await invite(phone)
      const keys = await deviceKeys()
      await finish(d, invitation, keys)
      await wrong((await questionOn(phone))!)
      expect(await finish(d, invitation, keys)).toMatchObject({
        status: 403,
        body: { reason: 'move_refused' },
      })
      expect(await listed()).not.toContain(invitation.serial)
    }
    const late = await invite(phone)
    const keys = await deviceKeys()
    await finish(d, late, keys)
    time = clock()
    time.forward(130)
    expect((await finish(d, late, keys)).body).toMatchObject({ reason: 'move_refused' })
    time.stop()
    time = null
    expect(await listed()).not.toContain(late.serial)
    expect((await asked(user)).detail?.['multi_challenge']).toHaveLength(1)
    expect((await (await move(d, phone)).overview()).heldUntil).toBeGreaterThan(0)
  })

  it('by the approval of another key, nor for whoever comes second with the invitation', async () => {
    const { phone } = await someone()
    const [one, two] = [await invite(phone), await invite(phone)]
    const [first, second] = [await deviceKeys(), await deviceKeys()]
    const waiting = await finish(d, one, first, { name: 'Mine' })
    await finish(d, two, second, { name: 'Theirs' })
    const mine = (await phone.list()).find(({ claims }) => claims.newDevice?.name === 'Mine')
    await phone.approve(mine!, codeOf(waiting))
    expect((await finish(d, two, second, { name: 'Theirs' })).body).toHaveProperty('waiting')
    expect((await finish(d, one, second)).body).toMatchObject({ reason: 'enrolment_spent' })
    expect((await finish(d, one, first)).body['serial']).toBe(one.serial)
  })

  it('where people may not add devices by themselves', async () => {
    const { phone } = await someone()
    const policy = { scope: 'user', realm: '', action: { disable: true } }
    expect((await admin.call('POST', '/policy/self', policy)).status).toBe(200)
    try {
      expect(await told(phone, 'POST', '/device/moves')).toMatchObject({
        status: 403,
        body: { reason: 'move_not_granted' },
      })
    } finally {
      await admin.call('DELETE', '/policy/self')
    }
    expect((await invite(phone)).serial).toMatch(/^PIPU/)
  })
})

describe('a device that is held', () => {
  it('is asked nothing, by name or by serial, and invites and stops nobody', async () => {
    const { user, phone } = await someone()
    const added = await move(d, phone)
    expect((await asked(user, added.serial)).result.value).toBe(0)
    const { code, transactionId } = await d.payroll.ask({ user })
    expect(await added.list()).toEqual([])
    const [question] = await phone.list()
    // The question of the other device, signed by the held one's key.
    const answer = await added.signAnswer(question!, { decision: 'approve', code })
    await expect(added.sendAnswer(answer)).rejects.toMatchObject({
      problem: { reason: 'device_held' },
    })
    const second = await move(d, phone, { name: 'Second' })
    for (const refused of [
      await told(added, 'POST', '/device/moves'),
      await stop(added, second.serial),
      await told(added, 'PUT', `/device/newcomers/${second.serial}`, { leave: true }),
    ])
      expect(refused).toMatchObject({ status: 403, body: { reason: 'device_held' } })
    const still = (await phone.list()).find(({ challenge }) => challenge === question!.challenge)
    await phone.approve(still!, code)
    expect((await d.payroll.redeem({ user }, transactionId)).envelope.result.value).toBe(true)
  })

  it('shows codes that let nobody in until then', async () => {
    const { user, phone } = await someone()
    const agreement = await agreementKeys()
    const added = await move(d, phone, { agreement: await exportPublic(agreement.publicKey) })
    const { serial: purpose, seed, hash } = added.codes!
    const key = await openHmac(seed, agreement, { purpose, hash })
    const codeNow = async () => {
      const step = new DataView(new ArrayBuffer(8))
      step.setBigUint64(0, BigInt(Math.floor(Date.now() / 30_000)))
      const mac = new DataView(await crypto.subtle.sign('HMAC', key!, step.buffer))
      const at = mac.getUint8(31) & 15
      return String((mac.getUint32(at) & 0x7fffffff) % 1e6).padStart(6, '0')
    }
    const passes = async (more: object) => {
      const pass = `4711${await codeNow()}`
      return (await d.payroll.check({ pass, ...more })).envelope.result.value
    }
    expect((await added.overview()).codes).toBe(false)
    expect(await passes({ user })).toBe(false)
    expect(await passes({ serial: purpose })).toBe(false)
    time = clock()
    time.forward(day + 60)
    expect(await passes({ user })).toBe(true)
  })

  it('stays held through a new name, disabling and enabling, other hands, and another invitation', async () => {
    const { user, phone } = await someone()
    const added = await move(d, phone)
    const until = (await added.overview()).heldUntil
    await added.rename('Quite another')
    await post(`disable/${added.serial}`)
    await post(`enable/${added.serial}`)
    await post(`reset/${added.serial}`)
    expect((await added.overview()).heldUntil).toBe(until)
    expect((await asked(user, added.serial)).result.value).toBe(0)

    const heir = await d.person(`mover-${people++}`)
    await post(`unassign/${added.serial}`)
    await post('assign', { serial: added.serial, user: heir })
    const again = await d.payroll.initToken({ user: heir, serial: added.serial })
    const invitation = again.envelope.detail?.enrolment_url ?? ''
    const theirs = await enrol(d.server, { invitation })
    expect((await theirs.overview()).heldUntil).toBe(until)
    expect((await asked(heir, added.serial)).result.value).toBe(0)
    time = clock()
    time.forward(day + 60)
    expect((await asked(heir, added.serial)).result.value).toBe(1)
  })
})

describe('stopping', () => {
  it('is for any other device of the person, retires the key, and is in the trail', async () => {
    const { user, phone } = await someone()
    const laptop = await d.device(user, { name: 'Laptop' })
    const stranger = (await someone()).phone
    const added = await move(d, phone)
    expect(await stop(stranger, added.serial)).toMatchObject({
      status: 404,
      body: { reason: 'newcomer_unknown' },
    })
    // What was there before is no newcomer.
    expect((await stop(laptop, phone.serial)).status).toBe(404)
    expect((await stop(laptop, added.serial)).body).toEqual({ done: true })
    expect((await told(added, 'GET', '/device/challenges')).body['reason']).toBe('device_retired')
    expect((await phone.overview()).newcomers).toEqual([])
    expect((await stop(phone, added.serial)).status).toBe(404)
    const enabled = await post(`enable/${added.serial}`)
    expect(enabled.envelope.result.value).not.toBe(1)
    const rows = await d.db.select().from(audit).where(eq(audit.serial, added.serial))
    expect(rows.filter(({ action, success }) => action === 'device_stop' && success)).toHaveLength(
      1,
    )
    time = clock()
    time.forward(day + 60)
    expect((await asked(user, added.serial)).result.value).not.toBe(1)
    time.stop()
    time = null
    expect((await (await move(d, phone)).overview()).heldUntil).toBeGreaterThan(0)
  })

  it('is over when the new one may answer', async () => {
    const { user, phone } = await someone()
    const added = await move(d, phone)
    time = clock()
    time.forward(day + 60)
    expect(await stop(phone, added.serial)).toMatchObject({ status: 404 })
    expect((await asked(user, added.serial)).result.value).toBe(1)
  })
})

describe('a move without a hold', () => {
  it('lets the new one answer at once, and the others stop it for a day all the same', async () => {
    const { user, phone } = await someone()
    const laptop = await d.device(user, { name: 'Laptop' })
    await d.set({ deviceHoldSeconds: 0 })
    try {
      const added = await move(d, phone)
      expect((await added.overview()).heldUntil).toBeUndefined()
      const envelope = await asked(user, added.serial)
      const code = envelope.detail?.presence_answer ?? ''
      expect((await added.approve((await added.list())[0]!, code)).state).toBe('approved')
      expect((await laptop.overview()).newcomers).toMatchObject([{ serial: added.serial }])
      // What can be stopped stops nobody, not even what comes in its place.
      const next = await move(d, laptop, { name: 'Next' })
      expect(await stop(added, next.serial)).toMatchObject({
        status: 403,
        body: { reason: 'device_held' },
      })
      expect((await stop(laptop, added.serial)).body).toEqual({ done: true })
      expect((await asked(user, added.serial)).result.value).not.toBe(1)
      time = clock()
      time.forward(day + 60)
      expect((await laptop.overview()).newcomers).toEqual([])
      expect((await stop(laptop, next.serial)).status).toBe(404)
      expect((await asked(user, next.serial)).result.value).toBe(1)
    } finally {
      await d.set({ deviceHoldSeconds: day })
    }
  })
})

describe('the owner’s object', () => {
  const disturbances: Record<string, (serial: string) => Promise<unknown>> = {
    'torn down': async (serial) => (await objectOf(d, serial)).evict(),
    killed: () => abortAllDurableObjects(),
    'that has forgotten everything': async (serial) => {
      const object = await objectOf(d, serial)
      await until('D1 has been told', async () => {
        const tables = await tablesOf(object)
        return (tables['outbox'] ?? []).length === 0
      })
      await runInDurableObject(object.stub, (_, { storage }) => storage.deleteAll())
      await object.evict()
    },
  }
  it.each(Object.entries(disturbances))(
    '%s during the hold holds on, is told whom it may stop, and lets go at its second',
    async (_, disturb) => {
      const { user, phone } = await someone()
      const added = await move(d, phone)
      const second = await move(d, phone, { name: 'Second' })
      const { heldUntil = 0 } = await added.overview()
      await disturb(added.serial)
      expect((await asked(user, added.serial)).result.value).toBe(0)
      await disturb(added.serial)
      expect((await added.overview()).heldUntil).toBe(heldUntil)
      expect((await phone.overview()).newcomers.map(({ name }) => name)).toEqual([
        'New phone',
        'Second',
      ])
      await disturb(added.serial)
      expect((await stop(phone, second.serial)).body).toEqual({ done: true })
      await disturb(added.serial)
      expect((await asked(user, second.serial)).result.value).not.toBe(1)
      time = clock()
      time.toMs(heldUntil * 1000 - 1)
      await disturb(added.serial)
      expect((await asked(user, added.serial)).result.value).toBe(0)
      time.toMs(heldUntil * 1000)
      await disturb(added.serial)
      const envelope = await asked(user, added.serial)
      const code = envelope.detail?.presence_answer ?? ''
      expect((await added.approve((await added.list())[0]!, code)).state).toBe('approved')
    },
  )
})

describe('the old device', () => {
  it('goes when the new one may answer, where it says so, and stays where that is stopped', async () => {
    const { user, phone } = await someone()
    const added = await move(d, phone)
    const { heldUntil } = await added.overview()
    const leave = (value: boolean) =>
      told(phone, 'PUT', `/device/newcomers/${added.serial}`, { leave: value })
    await leave(true)
    expect((await phone.overview()).leavesAt).toBe(heldUntil)
    await leave(false)
    expect((await phone.overview()).leavesAt).toBeUndefined()
    await leave(true)
    await stop(phone, added.serial)
    expect((await phone.overview()).leavesAt).toBeUndefined()

    const next = await move(d, phone, { name: 'Next' })
    await told(phone, 'PUT', `/device/newcomers/${next.serial}`, { leave: true })
    time = clock()
    time.forward(day + 60)
    expect((await told(phone, 'GET', '/device/challenges')).body['reason']).toBe('device_retired')
    const { envelope } = await d.payroll.trigger({ user })
    const [question] = await next.list()
    expect((await next.approve(question!, envelope.detail?.presence_answer ?? '')).state).toBe(
      'approved',
    )
  })

  it('goes by itself where there would be one too many, and only then', async () => {
    const { phone } = await someone()
    const policy = { scope: 'enrollment', realm: '', action: { push_max_token_per_user: 1 } }
    expect((await admin.call('POST', '/policy/one', policy)).status).toBe(200)
    try {
      const added = await move(d, phone)
      expect((await phone.overview()).leavesAt).toBe((await added.overview()).heldUntil)
      expect((await told(phone, 'POST', '/device/moves')).status).not.toBe(200)
    } finally {
      await admin.call('DELETE', '/policy/one')
    }
  })
})

describe('two moves at once', () => {
  it('are two questions, two that are held, and the old device can stop either', async () => {
    const { phone } = await someone()
    const [one, two] = await Promise.all([invite(phone), invite(phone)])
    const [first, second] = [await deviceKeys(), await deviceKeys()]
    const codes = new Map<string, string>()
    codes.set('One', codeOf(await finish(d, one, first, { name: 'One' })))
    codes.set('Two', codeOf(await finish(d, two, second, { name: 'Two' })))
    for (const question of await phone.list())
      await phone.approve(question, codes.get(question.claims.newDevice?.name ?? '') ?? '')
    const added = [
      await deviceFrom(d, await finish(d, one, first, { name: 'One' }), first),
      await deviceFrom(d, await finish(d, two, second, { name: 'Two' }), second),
    ]
    expect((await phone.overview()).newcomers.map(({ name }) => name)).toEqual(['One', 'Two'])
    expect((await stop(added[0]!, two.serial)).body['reason']).toBe('device_held')
    expect((await stop(phone, one.serial)).status).toBe(200)
    expect((await phone.overview()).newcomers.map(({ name }) => name)).toEqual(['Two'])
  })
})
