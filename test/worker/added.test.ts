/** What people add themselves at /me is told to the devices that they have, and each of those can stop it for a day. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Application } from '../support/application.ts'
import { addPasskey } from '../support/passkey.ts'
import { type VirtualDevice, enrol } from '../support/virtual-device.ts'
import { type Deployment, clock, deployment, origin } from './deployment.ts'
import { told } from './move.ts'
import { selfService } from './self-service.ts'

const password = 'a long and quiet password'
let d: Deployment
let people = 0
beforeAll(async () => {
  d = await deployment()
})
let time: ReturnType<typeof clock> | null = null
afterEach(() => {
  time?.stop()
  time = null
})

const { auth, sessionOf, byDevice } = selfService(() => d, password)

/** Signed in at /me by password and a device that an administrator invited. */
async function someone() {
  const user = await d.person(`adder-${people++}`, { password })
  const phone = await d.device(user, { name: 'Old phone' })
  return { user, phone, who: await byDevice(user, phone) }
}
async function addDevice(who: Application, deviceName: string): Promise<VirtualDevice> {
  const { envelope } = await who.call('POST', '/token/init', { type: 'push', genkey: 1 })
  return enrol(d.server, { invitation: envelope.detail!.enrolment_url!, deviceName })
}
const news = async (phone: VirtualDevice) =>
  (await phone.overview()).newcomers.map(({ serial, name }) => [serial, name])
const stop = async (phone: VirtualDevice, serial: string) =>
  (await told(phone, 'DELETE', `/device/newcomers/${serial}`)).status

describe('a device that a person adds at /me', () => {
  it('is told to the one that they have, which can stop it, and not the other way round', async () => {
    const { phone, who, user } = await someone()
    const added = await addDevice(who, 'Tablet')
    expect(await news(phone)).toEqual([[added.serial, 'Tablet']])
    expect(await news(added)).toEqual([])
    // It answers at once, but what can still be stopped stops nobody, itself included.
    const another = await addDevice(who, 'Laptop')
    expect(await stop(added, another.serial)).toBe(403)
    expect(await stop(added, phone.serial)).toBe(403)
    expect(await stop(phone, added.serial)).toBe(200)
    expect(await news(phone)).toEqual([[another.serial, 'Laptop']])
    const { serial } = added
    const { envelope } = await d.payroll.call('POST', '/validate/triggerchallenge', { serial })
    expect(envelope.result.value).toBe(0)
    await d.payroll.cancel((await d.payroll.ask({ user })).transactionId)
  })

  it('is past stopping after a day', async () => {
    const { phone, who } = await someone()
    const added = await addDevice(who, 'Tablet')
    const [newcomer] = (await phone.overview()).newcomers
    time = clock()
    time.toMs(newcomer!.stoppableUntil * 1000)
    expect(await news(phone)).toEqual([])
    expect(await stop(phone, added.serial)).toBe(404)
  })

  it('is nobody’s news where it is the first, or an administrator’s, and may stop what comes later', async () => {
    const user = await d.person(`adder-${people++}`, { password })
    const made = await d.payroll.call('POST', '/token/init', { type: 'registration', user })
    const { registrationcode } = made.envelope.detail as { registrationcode: string }
    const who = sessionOf(await auth({ username: user, password, registrationcode }))
    const first = await addDevice(who, 'First')
    const given = await d.device(user, { name: 'Given' })
    expect(await news(first)).toEqual([])
    const second = await addDevice(who, 'Second')
    expect(await news(given)).toEqual([[second.serial, 'Second']])
    expect(await stop(first, given.serial)).toBe(404)
    expect(await stop(first, second.serial)).toBe(200)
  })
})

describe('a passkey that a person adds at /me', () => {
  it('is told to their devices too, and lets nobody in once one of them has stopped it', async () => {
    const { phone, who, user } = await someone()
    const passkey = await addPasskey(who, origin, {})
    expect(await news(phone)).toEqual([[passkey.serial, 'Passkey']])
    const { envelope: before } = await passkey.login(d.payroll)
    expect(before.detail).toMatchObject({ username: user })
    const stranger = await someone()
    expect(await stop(stranger.phone, passkey.serial)).toBe(404)
    expect(await stop(phone, passkey.serial)).toBe(200)
    const { envelope: after } = await passkey.login(d.payroll)
    expect(after.result.authentication).toBe('REJECT')
    expect(await news(phone)).toEqual([])
  })
})
