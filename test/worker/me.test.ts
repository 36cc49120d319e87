/** /me: what people do about their own devices, and what nobody may do in their place. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eq } from 'drizzle-orm'
import { tokens } from '../../schema/tables.ts'
import { type Application, application } from '../support/application.ts'
import { enrol } from '../support/virtual-device.ts'
import { until } from '../support/until.ts'
import { type Deployment, clock, deployment, origin } from './deployment.ts'
import { move } from './move.ts'
import { objectOf } from './object.ts'
import { selfService, tokenOf } from './self-service.ts'

const password = 'a long and quiet password'
let d: Deployment
let nobody: Application
beforeAll(async () => {
  d = await deployment()
  nobody = application({ url: origin, fetch: d.fetch })
})

let time: ReturnType<typeof clock> | null = null
afterEach(() => {
  time?.stop()
  time = null
})

const { auth, session, byDevice } = selfService(() => d, password)
const person = (name: string, more: object = { password }) => d.person(name, more)
const codeFor = async (user: string) =>
  String(
    (await d.payroll.call('POST', '/token/init', { type: 'registration', user })).envelope.detail?.[
      'registrationcode'
    ],
  )
const byCode = async (user: string, code: string, word = password) =>
  auth({ username: user, password: word, registrationcode: code })
const add = (who: Application, more: object = {}) =>
  who.call('POST', '/token/init', { type: 'push', genkey: 1, ...more })
type Mine = {
  devices: {
    serial: string
    state: string
    name: string
    type: string
    used_at: number | null
    left?: number
  }[]
  approved: boolean
  changes_until: number
}
const mine = async (who: Application) =>
  (await who.call('GET', '/me/devices')).envelope.result.value as Mine
const statusesOf = (replies: { status: number }[]) =>
  replies.map(({ status }) => status).toSorted((a, b) => a - b)
const errorOf = async (reply: ReturnType<Application['call']>) => {
  const { status, envelope } = await reply
  return [status, envelope.result.error?.message] as const
}

describe('a one-time code', () => {
  it('signs in once, with the password, and lets its person add a first device', async () => {
    await person('new')
    const bare = session(tokenOf(await auth({ username: 'new', password })))
    expect(await errorOf(add(bare))).toEqual([403, expect.stringContaining('password alone')])
    const code = await codeFor('new')
    expect((await byCode('new', code, 'not this one')).status).toBe(401)
    expect((await byCode('new', 'A'.repeat(16))).status).toBe(401)
    const both = await Promise.all([byCode('new', code), byCode('new', code)])
    expect(statusesOf(both)).toEqual([200, 401])
    const who = session(tokenOf(both.find(({ status }) => status === 200)!))
    expect((await mine(who)).approved).toBe(true)
    const begun = await add(who)
    const { enrolment_url: invitation = '', serial = '' } = begun.envelope.detail ?? {}
    expect(await mine(who)).toMatchObject({ devices: [{ serial, state: 'waiting' }] })
    const ready = who.call('GET', `/me/devices/${serial}/ready`)
    const phone = await enrol(d.server, { invitation, deviceName: 'Pixel' })
    expect((await ready).envelope.result.value).toBe(true)
    expect(await mine(who)).toMatchObject({ devices: [{ serial, state: 'ready', name: 'Pixel' }] })
    expect((await mine(await byDevice('new', phone))).approved).toBe(true)
  })

  it('opens nothing else: no login of an application, nobody else, and not after a day', async () => {
    await person('elsewhere')
    await person('other')
    const code = await codeFor('elsewhere')
    for (const pass of [code, `${password}${code}`])
      expect((await d.payroll.check({ user: 'elsewhere', pass })).envelope.result.value).toBe(false)
    expect((await byCode('other', code)).status).toBe(401)
    const first = code
    const second = await codeFor('elsewhere')
    expect((await byCode('elsewhere', first)).status).toBe(401)
    expect((await byCode('elsewhere', second.toLowerCase().replace(/(.{4})/g, '$1 '))).status).toBe(
      200,
    )
    const third = await codeFor('elsewhere')
    time = clock()
    time.forward(86_401)
    expect((await byCode('elsewhere', third)).status).toBe(401)
  })

  it('stands alone only for a person who has no password, and nobody makes one for themselves', async () => {
    await person('wordless', {})
    const code = await codeFor('wordless')
    expect((await auth({ username: 'wordless', password: '' })).status).toBe(401)
    const who = session(tokenOf(await byCode('wordless', code, '')))
    const own = await errorOf(who.call('POST', '/token/init', { type: 'registration' }))
    expect(own[0]).toBe(403)
    const log = await d.payroll.call('GET', '/audit/?user=wordless&action=sign_in_code')
    expect(JSON.stringify(log.envelope.result.value)).toContain('sign_in_code')
    expect(JSON.stringify(log.envelope.result.value)).not.toContain(code)
  })

  it('is slow to guess', async () => {
    await person('guessed')
    const code = await codeFor('guessed')
    const edge = application({ url: origin, fetch: (await deployment({ LISTENER: '' })).fetch })
    const from = { headers: { 'CF-Connecting-IP': '203.0.113.9' } }
    const statuses: number[] = []
    for (let n = 0; n < 6; n++) {
      const body = { username: 'guessed', password, registrationcode: `${n}`.repeat(16) }
      statuses.push((await edge.call('POST', '/auth', body, from)).status)
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
    expect((await byCode('guessed', code)).status).toBe(200)
  })
})

describe('own devices', () => {
  it('are one’s own: nobody else’s is seen, awaited, renamed, lost or removed', async () => {
    await person('anna')
    await person('bert')
    const [hers, his] = [await d.device('anna'), await d.device('bert')]
    const anna = await byDevice('anna', hers)
    expect((await mine(anna)).devices.map(({ serial }) => serial)).toEqual([hers.serial])
    for (const [method, path] of [
      ['GET', `/me/devices/${his.serial}/ready`],
      ['DELETE', `/token/${his.serial}`],
      ['POST', `/token/disable/${his.serial}`],
      ['POST', `/token/description/${his.serial}`],
    ] as const)
      expect([
        path,
        (
          await errorOf(
            anna.call(method, path, method === 'POST' ? { description: 'x' } : undefined),
          )
        )[0],
      ]).toEqual([path, 404])
    await anna.call('POST', `/token/description/${hers.serial}`, { description: 'Blue phone' })
    await anna.call('POST', `/token/disable/${hers.serial}`, {})
    expect(await mine(anna)).toMatchObject({ devices: [{ name: 'Blue phone', state: 'off' }] })
    expect((await d.payroll.trigger({ user: 'anna' })).envelope.result.value).toBe(0)
    await anna.call('POST', `/token/enable/${hers.serial}`, {})
    expect((await d.payroll.trigger({ user: 'anna' })).envelope.result.value).toBe(1)
    expect((await nobody.call('GET', '/me/devices')).status).toBe(401)
    expect((await d.payroll.call('GET', '/me/devices')).status).toBe(401)
  })

  it('change for 15 minutes after an approval, then after another', async () => {
    await person('late')
    const phone = await d.device('late')
    const who = await byDevice('late', phone)
    time = clock()
    time.forward(901)
    for (const stale of [
      add(who),
      who.call('POST', '/token/init', { type: 'recovery' }),
      who.call('DELETE', `/token/${phone.serial}`),
      who.call('POST', `/token/disable/${phone.serial}`, {}),
    ])
      expect(await errorOf(stale)).toEqual([403, expect.stringContaining('last 15 minutes')])
    const renamed = { description: 'Mine' }
    expect((await who.call('POST', `/token/description/${phone.serial}`, renamed)).status).toBe(200)
    const again = await byDevice('late', phone)
    expect((await again.call('POST', '/token/init', { type: 'recovery' })).status).toBe(200)
    expect((await mine(again)).devices.find(({ type }) => type === 'recovery')).toMatchObject({
      left: 10,
    })
  })

  it('are waited for sixteen times at once, and the next one hears at once that it waits in vain', async () => {
    await person('patient')
    const who = await byDevice('patient', await d.device('patient'))
    const { enrolment_url: invitation = '', serial } = (await add(who)).envelope.detail ?? {}
    const ready = async () =>
      (await who.call('GET', `/me/devices/${serial}/ready`)).envelope.result.value
    const waiting = Array.from({ length: 17 }, ready)
    expect(await Promise.race(waiting)).toBe(false)
    await enrol(d.server, { invitation })
    const heard = await Promise.all(waiting)
    expect(heard.filter((isReady) => isReady === true)).toHaveLength(16)
    expect(await ready()).toBe(true)
  })

  it('are four at most where no policy says how many, however many come at once', async () => {
    await person('many')
    const who = await byDevice('many', await d.device('many'))
    const six = await Promise.all(Array.from({ length: 6 }, () => add(who)))
    expect(statusesOf(six)).toEqual([200, 200, 200, 403, 403, 403])
    // One that was begun and never finished takes another invitation in its own place.
    const waiting = (await mine(who)).devices.find(({ state }) => state === 'waiting')!
    expect((await add(who, { serial: waiting.serial })).status).toBe(200)
    // An administrator is limited by policies alone, as in privacyIDEA.
    expect((await d.payroll.initToken({ user: 'many' })).status).toBe(200)
    const more = {
      scope: 'enrollment',
      action: 'push_max_token_per_user=6',
      user: 'many',
      realm: '',
    }
    const written = await d.payroll.call('POST', '/policy/six', more)
    expect([written.status, written.envelope.result]).toMatchObject([200, { status: true }])
    expect((await add(who)).status).toBe(200)
    expect((await add(who)).status).toBe(403)
    expect((await d.payroll.initToken({ user: 'many' })).status).toBe(403)
    await d.payroll.call('DELETE', '/policy/six')
  })

  it('are four at most however they come: what is assigned counts too', async () => {
    await person('assigned')
    const who = await byDevice('assigned', await d.device('assigned'))
    for (const _ of [2, 3, 4]) expect((await add(who)).status).toBe(200)
    const free = await d.payroll.initToken({})
    const { serial = '' } = free.envelope.detail ?? {}
    const assign = () => who.call('POST', '/token/assign', { serial })
    expect(await errorOf(assign())).toEqual([403, expect.stringContaining('limited')])
    const waiting = (await mine(who)).devices.find(({ state }) => state === 'waiting')!
    expect((await who.call('DELETE', `/token/${waiting.serial}`)).status).toBe(200)
    expect((await assign()).status).toBe(200)
    expect((await mine(who)).devices).toHaveLength(4)
  })

  it('are told as they are at once: when each was last used, and how many codes are left', async () => {
    await person('counted')
    const phone = await d.device('counted')
    const other = await d.device('counted')
    const codes = { type: 'recovery', user: 'counted' }
    const made = await d.payroll.call('POST', '/token/init', codes)
    const [code = ''] = Object.values(made.envelope.detail?.['otps'] as Record<string, string>)
    const object = await objectOf(d, phone.serial)
    // As long as D1 has heard of nothing.
    await object.gather(600)
    try {
      const begun = Math.floor(Date.now() / 1000)
      const who = await byDevice('counted', phone)
      const told = async () => {
        const { devices } = await mine(who)
        return devices.map(({ type, used_at, left }) => [type, (used_at ?? 0) >= begun, left])
      }
      expect(await told()).toEqual([
        ['push', true, undefined],
        ['push', false, undefined],
        ['recovery', false, 10],
      ])
      const asked = await auth({ username: 'counted', password })
      const id = asked.envelope.detail?.transaction_id
      const typed = { username: 'counted', transaction_id: id, password: code }
      expect((await auth(typed)).status).toBe(200)
      await byDevice('counted', other)
      expect(await told()).toEqual([
        ['push', true, undefined],
        ['push', true, undefined],
        ['recovery', true, 9],
      ])
      for (const { serial } of [phone, other]) {
        const [row] = await d.db.select().from(tokens).where(eq(tokens.serial, serial))
        expect(row?.lastAuthAt).toBeNull()
      }
      await object.evict()
      expect((await told()).map(([, used]) => used)).toEqual([true, true, true])
    } finally {
      await object.gather(0)
    }
  })

  it('are told until when they are held, where another device let them in', async () => {
    await person('moving')
    const phone = await d.device('moving')
    const added = await move(d, phone)
    const who = await byDevice('moving', phone)
    const of = async ({ serial }: { serial: string }) =>
      (await mine(who)).devices.find((one) => one.serial === serial)
    const { heldUntil } = await added.overview()
    expect(await of(added)).toMatchObject({ state: 'ready', held_until: heldUntil })
    expect(await of(phone)).toMatchObject({ held_until: null })
  })
})

describe('a recovery code', () => {
  it('lets whoever has lost their phone mark it lost and add another, behind the password, each once', async () => {
    await person('phoneless')
    const phone = await d.device('phoneless')
    const before = await byDevice('phoneless', phone)
    const made = await before.call('POST', '/token/init', { type: 'recovery' })
    const codes = Object.values(made.envelope.detail?.['otps'] as Record<string, string>)
    expect((await auth({ username: 'phoneless', password: codes[0] })).status).toBe(401)
    const ask = async () => {
      const { envelope } = await auth({ username: 'phoneless', password })
      const challenges = envelope.detail?.['multi_challenge'] as { type: string }[]
      return { id: envelope.detail?.transaction_id, types: challenges.map(({ type }) => type) }
    }
    const type = (id: string | undefined, word: string) =>
      auth({ username: 'phoneless', transaction_id: id, password: word })
    const first = await ask()
    // Plugins read the last one, which is never the way for the day when nothing else works.
    expect(first.types).toEqual(['recovery', 'push'])
    expect((await type(first.id, 'A'.repeat(10))).status).toBe(401)
    const who = session(tokenOf(await type(first.id, codes[0]!.toLowerCase())))
    expect((await type((await ask()).id, codes[0]!)).status).toBe(401)
    expect(await mine(who)).toMatchObject({ approved: true })
    await who.call('POST', `/token/disable/${phone.serial}`, {})
    const { devices } = await mine(who)
    expect(devices).toMatchObject([{ state: 'off' }, { left: 9 }])
    expect((await ask()).types).toEqual(['recovery'])
    const { enrolment_url: invitation = '' } = (await add(who)).envelope.detail ?? {}
    const fresh = await enrol(d.server, { invitation })
    expect((await mine(await byDevice('phoneless', fresh))).approved).toBe(true)
    time = clock()
    time.forward(901)
    expect(await errorOf(add(who))).toEqual([403, expect.stringContaining('last 15 minutes')])
    const again = session(tokenOf(await type((await ask()).id, codes[1]!)))
    expect((await add(again)).status).toBe(200)
  })

  it('is no way round the password, nor for anybody else', async () => {
    await person('careful')
    await person('curious')
    const made = await d.payroll.call('POST', '/token/init', { type: 'recovery', user: 'careful' })
    const [code = ''] = Object.values(made.envelope.detail?.['otps'] as Record<string, string>)
    await d.device('curious')
    const theirs = (await auth({ username: 'curious', password })).envelope.detail?.transaction_id
    const typed = { transaction_id: theirs, password: code }
    for (const username of ['careful', 'curious'])
      expect((await auth({ username, ...typed })).status).toBe(401)
    // Of an application's question nothing is used up here.
    await d.device('careful')
    const asked = await d.payroll.ask({ user: 'careful' })
    const stolen = { transaction_id: asked.transactionId, password: code }
    expect((await auth({ username: 'careful', ...stolen })).status).toBe(401)
    const own = (await auth({ username: 'careful', password })).envelope.detail?.transaction_id
    const right = { username: 'careful', transaction_id: own, password: code }
    expect((await auth(right)).status).toBe(200)
  })
})

describe('signing in', () => {
  it('says from which browser, where it is the page that asks, and else from which server', async () => {
    await person('placed')
    const phone = await d.device('placed')
    const ask = async (headers: Record<string, string>) => {
      const edge = application({ url: origin, fetch: (await deployment({ LISTENER: '' })).fetch })
      const more = { 'CF-Connecting-IP': '203.0.113.21', 'User-Agent': 'Firefox/140.0', ...headers }
      await edge.call('POST', '/auth', { username: 'placed', password }, { headers: more })
      return (await phone.list())[0]!.claims.origin
    }
    const address = '203.0.113.21'
    const agent = { browser: 'Firefox' }
    expect(await ask({ 'Sec-Fetch-Site': 'same-origin' })).toEqual({
      how: 'browser',
      address,
      agent,
    })
    for (const site of ['cross-site', 'same-site', ''])
      expect(await ask({ 'Sec-Fetch-Site': site })).toEqual({ how: 'server', address })
  })

  it('rings again for whoever holds the transaction, as often as its limits allow', async () => {
    await person('again')
    const phone = await d.device('again')
    const asked = await auth({ username: 'again', password })
    const { transaction_id: id, presence_answer: code } = asked.envelope.detail ?? {}
    const ring = () => auth({ username: 'again', transaction_id: id, resend: 1 })
    expect((await ring()).status).toBe(429)
    time = clock()
    time.forward(11)
    expect((await ring()).envelope.result.value).toBe(true)
    time.stop()
    expect((await auth({ username: 'again', transaction_id: 'x', resend: 1 })).status).toBe(404)
    const open = await until('the question', async () => (await phone.list())[0])
    await phone.approve(open, code)
    expect((await auth({ username: 'again', transaction_id: id })).status).toBe(200)
  })
})
