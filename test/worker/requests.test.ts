/** /me/requests: people read what was asked in their name, and say afterwards that it was not them. */
import * as openid from 'openid-client'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../schema/encoding.ts'
import { type Application, application } from '../support/application.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { until } from '../support/until.ts'
import { type Deployment, clock, deployment, origin } from './deployment.ts'
import { move, told } from './move.ts'
import { objectOf } from './object.ts'
import {
  approve,
  beginning,
  browser,
  newRelyingParty,
  password,
  refusal,
} from './openid-parties.ts'
import { selfService } from './self-service.ts'

let d: Deployment
let nobody: Application
let people = 0
let time: ReturnType<typeof clock> | null = null
beforeAll(async () => {
  d = await deployment()
  await d.set({ promptsPerHourByApplication: 1000, missedPrompts: 100, openPrompts: 10 })
  nobody = application({ url: origin, fetch: d.fetch })
})
afterEach(() => {
  time?.stop()
  time = null
})

const { auth, session, byDevice } = selfService(() => d, password)
async function someone() {
  const user = await d.person(`asked-${people++}`, { password })
  const phone = await d.device(user, { name: 'Pixel' })
  return { user, phone, object: await objectOf(d, phone.serial) }
}
const signedIn = ({ user, phone }: { user: string; phone: VirtualDevice }) => byDevice(user, phone)

type Asked = {
  id: string
  application: string | null
  outcome: string
  reported: boolean
  asked_at: number
  purpose: string
}
const requestsOf = async (who: Application) =>
  (
    (await who.call('GET', '/me/requests')).envelope.result.value as {
      requests: Asked[]
    }
  ).requests
const mine = async (who: Application) =>
  (await requestsOf(who)).filter(({ application: by }) => by !== null)
const report = (who: Application, id: string) => who.call('POST', `/me/requests/${id}/report`)
const answerOf = async (who: Application, { id }: Pick<Asked, 'id'>) => {
  const { status, envelope } = await report(who, id)
  expect([status, envelope.result.error?.message]).toEqual([200, undefined])
  return envelope.result.value as Record<string, unknown>
}
const trailOf = async (user: string) => {
  const { envelope } = await d.payroll.call('GET', `/audit/?user=${user}&action=report`)
  return (envelope.result.value as { auditdata: Record<string, unknown>[] }).auditdata
}
const ask = async ({ user, phone }: { user: string; phone: VirtualDevice }) => {
  const asked = await d.payroll.ask({ user })
  const open = (await phone.list()).find(({ claims }) => claims.application.name === 'Payroll')
  return { ...asked, open: open! }
}

const nothingMore = (ended: boolean) => ({
  ...{ stopped: false, told: false, device_stopped: false },
  ended,
})

describe('what was asked', () => {
  it('is told with who asked, when, from where, what became of it and on which device', async () => {
    const one = await someone()
    const { phone } = one
    const first = await ask(one)
    await phone.approve(first.open, first.code)
    await d.payroll.redeem({ user: one.user }, first.transactionId)
    await phone.decline((await ask(one)).open, 'cancelled')
    await phone.decline((await ask(one)).open, 'not_me')
    await phone.approve((await ask(one)).open, '****')
    await d.payroll.cancel((await ask(one)).transactionId)
    const waiting = await ask(one)
    const who = await signedIn(one)
    const device = { serial: phone.serial, name: 'Pixel' }
    const listed = await requestsOf(who)
    expect(listed.toReversed()).toMatchObject([
      { application: 'Payroll', outcome: 'approved', device, reported: false, purpose: 'login' },
      { outcome: 'cancelled', device },
      { outcome: 'declined', device, reported: true },
      { outcome: 'wrong_code', device },
      { outcome: 'cancelled', device: null },
      { outcome: 'waiting', device: null, origin: { how: 'server' } },
      { application: null, purpose: 'self', outcome: 'approved' },
    ])
    expect(Math.abs(listed[0]!.asked_at - Date.now() / 1000)).toBeLessThan(60)
    // Nothing in it follows or ends a login.
    const text = JSON.stringify(listed)
    for (const secret of [first.transactionId, waiting.transactionId, first.code, waiting.code])
      expect(text).not.toContain(secret)
    expect(listed.some(({ id }) => id === '')).toBe(false)
    await phone.approve(waiting.open, waiting.code)
    expect((await requestsOf(who))[1]).toMatchObject({ outcome: 'approved' })
  })

  it('is told for a month, also when its transaction is long forgotten and the object was torn down', async () => {
    time = clock()
    const one = await someone()
    const first = await ask(one)
    await one.phone.approve(first.open, first.code)
    await ask(one)
    const before = (await mine(await signedIn(one))).map((asked) =>
      asked.outcome === 'waiting' ? { ...asked, outcome: 'unanswered' } : asked,
    )
    expect(before).toHaveLength(2)
    time.forward(900)
    await one.object.alarm()
    expect(await one.object.rows('select id from txn')).toEqual([])
    await one.object.evict()
    expect(await mine(await signedIn(one))).toEqual(before)
    time.forward(29 * 86_400)
    await one.object.alarm()
    expect(await mine(await signedIn(one))).toEqual(before)
    time.forward(86_400)
    expect(await mine(await signedIn(one))).toEqual([])
    await one.object.alarm()
    await ask(one)
    expect(await mine(await signedIn(one))).toHaveLength(1)
  })

  it('keeps what was approved in the list, however often a stranger asks on', async () => {
    time = clock()
    const one = await someone()
    const first = await ask(one)
    await one.phone.approve(first.open, first.code)
    for (let n = 0; n < 45; n++) {
      time.forward(1)
      await d.payroll.ask({ user: one.user })
      if (n === 20) {
        time.forward(900)
        await one.object.alarm()
      }
    }
    const listed = await mine(await signedIn(one))
    expect(listed.filter(({ outcome }) => outcome === 'approved')).toHaveLength(1)
    expect(listed).toHaveLength(21)
    time.forward(900)
    await one.object.alarm()
    const kept = await one.object.rows("select key from lapsing where kind = 'past'")
    // The sign-ins at /me are approved ones as well.
    expect(kept).toHaveLength(22)
  })
})

describe('“It wasn’t me”', () => {
  it('signs out everywhere but here what an approval may have let in, and is written down once', async () => {
    const one = await someone()
    const party = await newRelyingParty(d, { mode: 'whole_login' })
    const thief = browser(d)
    const signIn = async (person = thief) => {
      const { parameters, checks } = await beginning({ scope: 'openid offline_access' })
      await person.go(openid.buildAuthorizationUrl(party.config, parameters))
      if (person.page.url.origin === origin) {
        await person.submit({ username: one.user, password })
        await approve(person, one.phone)
        await person.go(person.page.url)
      }
      return openid.authorizationCodeGrant(party.config, person.page.url, checks)
    }
    const stolen = await signIn()
    const { refresh_token: refresh = '', access_token: access } = stolen
    const { sub } = stolen.claims()!
    const other = await signedIn(one)
    const who = await signedIn(one)
    const [asked] = (await requestsOf(who)).filter(({ outcome, application: by }) => {
      return outcome === 'approved' && by?.startsWith('Party')
    })
    const done = await answerOf(who, asked!)
    expect(done).toMatchObject({ stopped: false, told: false, ended: true })
    const here = session(String(done['token']))

    expect(await refusal(openid.refreshTokenGrant(party.config, refresh))).toBe('invalid_grant')
    expect(await refusal(openid.fetchUserInfo(party.config, access, sub))).not.toBe('nothing')
    const { parameters } = await beginning()
    await thief.go(openid.buildAuthorizationUrl(party.config, parameters))
    expect(thief.page.text).toContain('name="password"')
    for (const ended of [other, who])
      expect((await ended.call('GET', '/me/devices')).status).toBe(401)
    expect((await here.call('GET', '/me/devices')).status).toBe(200)
    expect((await requestsOf(here)).find(({ id }) => id === asked!.id)).toMatchObject({
      outcome: 'approved',
      reported: true,
    })

    // Said again it changes nothing: neither here nor for who has signed in since.
    const since = await signedIn(one)
    const again = await signIn(browser(d))
    expect(await answerOf(here, asked!)).toEqual(nothingMore(true))
    for (const open of [here, since])
      expect((await open.call('GET', '/me/devices')).status).toBe(200)
    expect(await refusal(openid.fetchUserInfo(party.config, again.access_token, sub))).toBe(
      'nothing',
    )
    const rows = await until('the trail', async () => {
      const found = await trailOf(one.user)
      return found.length > 0 && found
    })
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ success: 1, serial: one.phone.serial })
    expect(JSON.stringify(rows[0])).toContain(asked!.id)
  })

  it('approves no longer than the session that said it, whose approval it goes on with', async () => {
    time = clock()
    const one = await someone()
    const first = await ask(one)
    await one.phone.approve(first.open, first.code)
    const who = await signedIn(one)
    time.forward(800)
    const { token } = await answerOf(who, (await mine(who))[0]!)
    const here = session(String(token))
    const init = () => here.call('POST', '/token/init', { type: 'recovery' })
    expect((await init()).status).toBe(200)
    time.forward(101)
    expect((await init()).status).toBe(403)
    time.forward(2699)
    expect((await here.call('GET', '/me/requests')).status).toBe(401)
  })

  it('takes an approval back that was not used yet, and ends a question that is open', async () => {
    const one = await someone()
    const first = await ask(one)
    await one.phone.approve(first.open, first.code)
    const second = await ask(one)
    const who = await signedIn(one)
    const [open, approved] = await mine(who)
    expect([open?.outcome, approved?.outcome]).toEqual(['waiting', 'approved'])
    const declined = await answerOf(who, open!)
    expect(declined).toEqual({ ...nothingMore(false), stopped: true })
    expect((await one.phone.list()).length).toBe(0)
    expect(await one.phone.approve(second.open, second.code)).toMatchObject({ state: 'declined' })
    const { token, ...back } = await answerOf(who, approved!)
    expect(back).toEqual({ ...nothingMore(true), stopped: true })
    for (const { transactionId } of [first, second])
      expect(
        (await d.payroll.redeem({ user: one.user }, transactionId)).envelope.result.value,
      ).toBe(false)
    const listed = await mine(session(String(token)))
    expect(listed).toMatchObject([{ reported: true }, { reported: true }])
    // The next one is none of these.
    const third = await ask(one)
    await one.phone.approve(third.open, third.code)
    expect(
      (await d.payroll.redeem({ user: one.user }, third.transactionId)).envelope.result.value,
    ).toBe(true)
  })

  it('stops the device that was let in by it, as long as any other device could', async () => {
    time = clock()
    const one = await someone()
    const added = await move(d, one.phone, { name: 'Pixel 9' })
    const late = await someone()
    const kept = await move(d, late.phone)
    const moveOf = async (who: Application) =>
      (await requestsOf(who)).find(({ purpose }) => purpose === 'move')!
    const who = await signedIn(one)
    expect(await moveOf(who)).toMatchObject({ outcome: 'approved', new_device: 'Pixel 9' })
    expect(await answerOf(who, await moveOf(who))).toMatchObject({ device_stopped: true })
    expect(await told(added, 'GET', '/device/challenges')).toMatchObject({
      body: { reason: 'device_retired' },
    })
    const rows = await d.payroll.call('GET', `/audit/?serial=${added.serial}&action=device_stop`)
    expect(JSON.stringify(rows.envelope.result.value)).toContain(one.user)
    time.forward(86_460)
    const other = await signedIn(late)
    expect(await answerOf(other, await moveOf(other))).toMatchObject({
      ...{ device_stopped: false, ended: true },
    })
    expect((await told(kept, 'GET', '/device/challenges')).status).toBe(200)
  })

  it('ends nothing where nobody got in, also weeks later', async () => {
    time = clock()
    const one = await someone()
    await one.phone.decline((await ask(one)).open, 'cancelled')
    time.forward(14 * 86_400)
    await one.object.alarm()
    const who = await signedIn(one)
    const [asked] = await mine(who)
    expect(await answerOf(who, asked!)).toEqual(nothingMore(false))
    expect(await answerOf(who, asked!)).toEqual(nothingMore(false))
    expect(await mine(who)).toMatchObject([{ outcome: 'cancelled', reported: true }])
    await until('the trail', async () => (await trailOf(one.user)).length === 1)
  })

  it('is said of nothing that is another’s or unknown, and by nobody who has shown less than a device', async () => {
    const one = await someone()
    const other = await someone()
    const first = await ask(one)
    await one.phone.approve(first.open, first.code)
    const who = await signedIn(one)
    const stranger = await signedIn(other)
    const id = await sha256(first.transactionId)
    expect(await requestsOf(stranger)).toHaveLength(1)
    for (const not of [id, 'A'.repeat(43), first.transactionId, '%2e%2e'])
      expect([not, (await report(stranger, not)).status]).toEqual([not, 404])
    expect((await report(nobody, id)).status).toBe(401)
    expect((await report(d.payroll, id)).status).toBe(401)
    expect((await d.payroll.call('GET', '/me/requests')).status).toBe(401)
    const word = { username: one.user, password }
    await d.set({ selfServiceFactor: 0 })
    const bare = session(((await auth(word)).envelope.result.value as { token: string }).token)
    await d.set({ selfServiceFactor: 1 })
    expect((await report(bare, id)).status).toBe(403)
    expect((await requestsOf(bare)).every(({ reported }) => !reported)).toBe(true)
    expect(await answerOf(who, { id })).toMatchObject({ ended: true })
  })
})
