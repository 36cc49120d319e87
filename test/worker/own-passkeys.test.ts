/** Passkeys that people add themselves, at /me: what their session must have shown, how many, and whose. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Application } from '../support/application.ts'
import { addPasskey, beginPasskey, endPasskey } from '../support/passkey.ts'
import { virtualAuthenticator } from '../support/virtual-authenticator.ts'
import { type Deployment, clock, deployment, origin } from './deployment.ts'
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
const someone = () => d.person(`own-${people++}`, { password })

/** Signed in by password and device. */
async function approved(user: string) {
  const device = await d.device(user)
  const signIn = () => byDevice(user, device)
  return { device, who: await signIn(), signIn }
}
const begin = (who: Application) => who.call('POST', '/token/init', { type: 'passkey' })
const errorOf = ({ status, envelope }: Awaited<ReturnType<typeof begin>>) => [
  status,
  envelope.result.error?.message,
]

describe('a person who adds a passkey', () => {
  it('must have approved it, and not long ago', async () => {
    const user = await someone()
    expect((await begin(sessionOf(await auth({ username: user, password })))).status).toBe(403)
    const { who, signIn } = await approved(user)
    const begun = await beginPasskey(who, {})
    const finger = await virtualAuthenticator(origin)
    const made = await finger.register(begun.options.challenge)
    time = clock()
    time.forward(901)
    expect(errorOf(await begin(who))).toEqual([403, expect.stringContaining('15 minutes')])
    expect((await endPasskey(who, begun, made)).status).toBe(403)
    const again = await signIn()
    const passkey = await addPasskey(again, origin, {})
    const { envelope } = await passkey.login(d.payroll)
    expect(envelope.detail).toMatchObject({ username: user })
  })

  it('adds four, or as many as a policy says, also at the same instant; what is not finished is none', async () => {
    const { who } = await approved(await someone())
    for (let has = 0; has < 3; has++) {
      await begin(who)
      await addPasskey(who, origin, {})
    }
    const fourth = await addPasskey(who, origin, {})
    const answers = await Promise.all([begin(who), begin(who), begin(who)])
    for (const answer of answers)
      expect(errorOf(answer)).toEqual([403, expect.stringContaining('type passkey')])
    // Devices are counted for themselves.
    const device = await who.call('POST', '/token/init', { type: 'push', genkey: 1 })
    expect(device.status).toBe(200)
    expect((await who.call('DELETE', `/token/${fourth.serial}`)).status).toBe(200)
    await addPasskey(who, origin, {})
  })

  it('sees, names and removes their own, and neither begins nor ends another’s', async () => {
    const [one, other] = [await someone(), await someone()]
    const { who } = await approved(one)
    const { who: thief } = await approved(other)
    const begun = await beginPasskey(who, { user: other })
    const finger = await virtualAuthenticator(origin)
    const made = await finger.register(begun.options.challenge)
    expect((await endPasskey(thief, begun, made)).status).toBe(404)
    expect((await endPasskey(who, begun, made)).status).toBe(200)
    const { serial } = begun
    for (const [method, path, body] of [
      ['POST', '/token/description', { serial, description: 'mine' }],
      ['POST', '/token/disable', { serial }],
      ['DELETE', `/token/${serial}`, undefined],
    ] as const)
      expect((await thief.call(method, path, body)).status).toBe(404)
    const named = { serial, description: 'Key ring' }
    expect((await who.call('POST', '/token/description', named)).status).toBe(200)
    const { envelope } = await who.call('GET', '/me/devices')
    const { devices } = envelope.result.value as { devices: object[] }
    const told = { serial, type: 'passkey', name: 'Key ring', state: 'ready' }
    expect(devices).toEqual(expect.arrayContaining([expect.objectContaining(told)]))
    expect((await who.call('DELETE', `/token/${serial}`)).status).toBe(200)
  })

  it('needs the policies of scope user to grant it, where there are any', async () => {
    const { who } = await approved(await someone())
    const admin = await d.newApplication('Administrator', undefined, 'default')
    const grant = (action: object) =>
      admin.call('POST', '/policy/people', { scope: 'user', realm: '', action })
    await grant({ enrollPUSH: true })
    expect((await begin(who)).status).toBe(403)
    await grant({ enrollPASSKEY: true })
    expect((await begin(who)).status).toBe(200)
    await admin.call('DELETE', '/policy/people')
  })
})
