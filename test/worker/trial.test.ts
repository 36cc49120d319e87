/** A push that is only a try: it comes, is acknowledged by the device that it was for, and is good for nothing else. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { trustedKeys } from '../../schema/chain.ts'
import { headerOf, verify } from '../../schema/jws.ts'
import { ChallengeClaims, NewcomerClaims, TrialClaims, typ } from '../../schema/signing.ts'
import { deploymentOf } from '../../worker/env.ts'
import type { Application } from '../support/application.ts'
import { until } from '../support/until.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { told } from './move.ts'
import { password } from './openid-parties.ts'
import { type PushBox, pushBox } from './push-box.ts'
import { selfService } from './self-service.ts'

let d: Deployment
let people = 0
let time: ReturnType<typeof clock> | null = null
beforeAll(async () => {
  d = await deployment()
})
afterEach(() => {
  time?.stop()
  time = null
})

const { byDevice } = selfService(() => d, password)
async function someone() {
  const user = await d.person(`tried-${people++}`, { password })
  const phone = await d.device(user)
  const box = await pushBox()
  const who = await byDevice(user, phone)
  await phone.subscribe(box.subscription)
  return { user, phone, box, who }
}
const pathOf = ({ serial }: VirtualDevice) => `/me/devices/${serial}/trial`
const begin = (who: Application, phone: VirtualDevice) => who.call('POST', pathOf(phone))
const standing = async (who: Application, phone: VirtualDevice) =>
  (await who.call('GET', pathOf(phone))).envelope.result.value as Record<string, unknown>
const trialIn = async (phone: VirtualDevice, box: PushBox, count = 1) => {
  const payload = (await box.payloads(count))[count - 1]!
  const { trial = '' } = payload.countersign as Record<string, string>
  const keys = await trustedKeys((await deploymentOf(d.env)).chain, phone.rootThumbprint)
  const key = keys!.get(headerOf(trial)?.kid ?? '')!
  return { payload, jws: trial, key, claims: await verify(typ.trial, trial, key, TrialClaims) }
}

describe('a try', () => {
  it('comes by push, and is told to have come once the device says so', async () => {
    const { who, phone, box } = await someone()
    expect((await who.call('GET', pathOf(phone))).status).toBe(404)
    expect((await begin(who, phone)).envelope.result.value).toBe(true)
    const { claims, payload } = await trialIn(phone, box)
    expect(claims).toMatchObject({ aud: phone.deviceId })
    expect(payload.notification.body).toBe('Only a try: there is nothing to do')
    await until(
      'the push service has taken it',
      async () => (await standing(who, phone))['outcome'] === 'delivered',
    )
    expect(await standing(who, phone)).toMatchObject({ arrived_at: null })
    const path = `/device/trials/${claims!.trial}`
    const waiting = who.call('GET', `${pathOf(phone)}?wait=60`)
    expect((await told(phone, 'PUT', path)).body).toEqual({ done: true })
    const arrived = { outcome: 'delivered', arrived_at: expect.any(Number) }
    expect((await waiting).envelope.result.value).toMatchObject(arrived)
    expect(await standing(who, phone)).toMatchObject(arrived)
    expect((await d.payroll.call('GET', '/delivery/?kind=trial')).status).toBe(200)
  })

  it('may be waited for from the moment that notifications are allowed', async () => {
    const { who, user } = await someone()
    const tablet = await d.device(user)
    const ready = `/me/devices/${tablet.serial}/ready`
    expect((await who.call('GET', ready)).envelope.result.value).toBe(true)
    let isOver = false
    const waiting = who.call('GET', `${ready}?notifications=1`).finally(() => (isOver = true))
    await tablet.rename('Tablet')
    expect(isOver).toBe(false)
    await tablet.subscribe((await pushBox()).subscription)
    expect((await waiting).envelope.result.value).toBe(true)
    expect((await begin(who, tablet)).status).toBe(200)
  })

  it('says why nothing came', async () => {
    const { who, phone, box } = await someone()
    await box.answerNext({ status: 410 })
    await begin(who, phone)
    // Whoever waits hears of it, and does not ask again and again.
    const { envelope } = await who.call('GET', `${pathOf(phone)}?wait=30`)
    expect(envelope.result.value).toMatchObject({ outcome: 'gone', arrived_at: null })
    time = clock()
    time.forward(11)
    // The subscription went with it.
    expect((await begin(who, phone)).status).toBe(409)
    await phone.subscribe((await pushBox()).subscription)
    expect((await begin(who, phone)).status).toBe(200)
  })

  it('asks nothing, opens nothing, and stands in for nothing that does', async () => {
    const { who, phone, box } = await someone()
    await begin(who, phone)
    const { jws, key, claims } = await trialIn(phone, box)
    expect(await verify(typ.challenge, jws, key, ChallengeClaims)).toBeNull()
    expect(await verify(typ.newcomer, jws, key, NewcomerClaims)).toBeNull()
    expect(await phone.list()).toEqual([])
    const trial = { challenge: claims!.trial, jws }
    await expect(phone.approve(trial, '')).rejects.toThrow(/challenge/)
    expect((await d.payroll.poll(claims!.trial)).envelope.result.value).toBe(false)
    expect(await told(phone, 'PUT', `/device/trials/${claims!.trial}`)).toMatchObject({
      status: 200,
    })
  })

  it('is acknowledged by its device alone, and only the last one', async () => {
    time = clock()
    const { who, phone, box } = await someone()
    const other = await someone()
    await begin(who, phone)
    const first = await trialIn(phone, box)
    time.forward(11)
    await begin(who, phone)
    const { claims } = await trialIn(phone, box, 2)
    const path = `/device/trials/${claims!.trial}`
    expect((await told(other.phone, 'PUT', path)).status).toBe(404)
    expect((await told(phone, 'PUT', `/device/trials/${first.claims!.trial}`)).status).toBe(404)
    expect((await phone.call('PUT', path, { authorization: '' })).status).toBe(401)
    expect(await standing(who, phone)).toMatchObject({ arrived_at: null })
    expect((await told(phone, 'PUT', path)).status).toBe(200)
    expect(await standing(who, phone)).toMatchObject({ arrived_at: expect.any(Number) })
  })

  it('is a person’s own to start, and rings nobody’s phone without end', async () => {
    time = clock()
    const { who, phone, box } = await someone()
    const other = await someone()
    for (const caller of [other.who, d.payroll, who.as({})])
      expect((await begin(caller, phone)).status).toBeGreaterThanOrEqual(401)
    expect((await begin(other.who, phone)).status).toBe(404)
    expect((await other.who.call('GET', pathOf(phone))).status).toBe(404)
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) {
      statuses.push((await begin(who, phone)).status)
      time.forward(n === 0 ? 5 : 11)
    }
    expect(statuses).toEqual([200, 429, ...Array<number>(9).fill(200), 429])
    expect(await box.messages(10)).toHaveLength(10)
    time.forward(3600)
    expect((await who.call('GET', '/me/devices')).status).toBe(401)
    const again = await someone()
    expect((await begin(again.who, again.phone)).status).toBe(200)
  })
})
