/** Tokens from enrolment to their end: every route of /token asked rightly, wrongly and by somebody who may not. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { audit, tokens as tokensTable } from '../../schema/tables.ts'
import { eq } from 'drizzle-orm'
import type { Application, Reply } from '../support/application.ts'
import { enrol } from '../support/virtual-device.ts'
import { type Deployment, adminPassword, clock, deployment } from './deployment.ts'
import { hotpAt, otpSeed, totpAt } from './seeds.ts'

let d: Deployment
let admin: Application
let time: ReturnType<typeof clock>
let people = 0
beforeAll(async () => {
  d = await deployment()
  const { envelope } = await d.payroll.auth('admin', adminPassword)
  const { token } = envelope.result.value as { token: string }
  admin = d.payroll.as({ token })
  await d.newRealm('sales')
})
afterAll(() => time?.stop())
afterEach(() => time?.stop())

const newPerson = () => d.person(`holder-${people++}`)
const hasAll = { serial: expect.any(String), status: 200 }

async function made(parameters: object = {}) {
  const { status, envelope } = await admin.initToken({
    type: 'totp',
    otpkey: otpSeed,
    ...parameters,
  })
  const all = { status, serial: envelope.detail?.serial ?? '', detail: envelope.detail! }
  expect(all).toMatchObject(hasAll)
  return all
}
async function owned(parameters: object = {}) {
  const user = await newPerson()
  return { user, ...(await made({ user, ...parameters })) }
}
type Listed = Record<string, unknown> & { serial: string }
type Page = { tokens: Listed[]; count: number; current: number; next: number; prev: number }
const listed = async (query: Record<string, string>): Promise<Page> => {
  const { status, envelope } = await admin.call('GET', `/token/?${new URLSearchParams(query)}`)
  expect([status, envelope.result.error]).toEqual([200, undefined])
  return envelope.result.value as Page
}
const one = async (serial: string) => (await listed({ serial })).tokens[0]
const post = (path: string, body: object = {}) => admin.call('POST', `/token/${path}`, body)
const valueOf = async (reply: Promise<Reply>) => (await reply).envelope.result.value
const told = async (reply: Promise<Reply>) => {
  const { status, envelope } = await reply
  return [status, envelope.result.error?.code]
}
const checks = async (parameters: object) => {
  const { envelope } = await d.payroll.check(parameters)
  return envelope.result.value
}
const audited = async (action: string, serial: string) =>
  (await d.db.select().from(audit).where(eq(audit.serial, serial))).filter(
    (row) => row.action === action,
  )

describe('POST /token/init', () => {
  it('tells of a TOTP token what an authenticator app needs, as recorded', async () => {
    const { envelope } = await admin.initToken({ type: 'totp', genkey: 1, user: await newPerson() })
    const detail = envelope.detail as unknown as {
      serial: string
      googleurl: { value: string; img: string }
      otpkey: { value: string; value_b32: string }
    }
    const { serial } = detail
    const hex = detail.otpkey.value.replace('seed://', '')
    expect(serial).toMatch(/^TOTP[0-9A-F]{8}$/)
    expect(hex).toMatch(/^[0-9a-f]{40}$/)
    const img = expect.stringMatching(/^data:image\/svg\+xml,/)
    const secret = detail.otpkey.value_b32
    expect(envelope.result).toEqual({ status: true, value: true })
    expect(detail).toEqual({
      googleurl: {
        description: 'URL for google Authenticator',
        img,
        value: `otpauth://totp/${serial}?secret=${secret}&period=30&digits=6&creator=privacyidea&issuer=Countersign&serial=${serial}`,
      },
      oathurl: {
        description: 'URL for OATH token',
        img,
        value: `oathtoken:///addToken?name=${serial}&lockdown=true&key=${hex}&timeBased=true`,
      },
      otpkey: { description: 'OTP seed', img, value: `seed://${hex}`, value_b32: secret },
      rollout_state: '',
      serial,
      threadid: 1,
    })
  })

  it('of a counter, with another hash and eight digits', async () => {
    const wish = { type: 'hotp', genkey: 1, otpkey: undefined, hashlib: 'SHA256', otplen: 8 }
    const { detail, serial } = await made(wish)
    expect(serial).toMatch(/^OATH/)
    expect((detail.googleurl as { value: string }).value).toMatch(
      /^otpauth:\/\/hotp\/OATH\w+\?secret=[A-Z2-7]{52}&algorithm=SHA256&counter=1&digits=8&/,
    )
  })

  it('keeps the seed to itself from then on, in every answer and in the database', async () => {
    const { user, serial, detail } = await owned({ genkey: 1, otpkey: undefined, pin: 'geheim' })
    const { value, value_b32: base32 } = detail.otpkey as { value: string; value_b32: string }
    const [row] = await d.db.select().from(tokensTable).where(eq(tokensTable.serial, serial))
    const everything = JSON.stringify([
      row,
      await one(serial),
      await audited('token_init', serial),
      (await d.payroll.trigger({ user })).envelope,
      (await post('disable', { serial })).envelope,
    ])
    for (const secret of [value.slice(7), base32, row?.pinHash ?? '?', 'geheim'])
      expect(everything.replaceAll(JSON.stringify(row), '')).not.toContain(secret)
    expect(JSON.stringify(row)).not.toContain(value.slice(7))
    expect(row?.seed).toMatch(/^[\w-]{8}\.[\w-]+$/)
  })

  it.each([
    [{ otplen: 7 }, 'otplen'],
    [{ otplen: '6 x' }, 'otplen'],
    [{ hashlib: 'md5' }, 'hashlib'],
    [{ timeStep: 45 }, 'timeStep'],
    [{ otpkey: 'xyz' }, 'otpkey'],
    [{ otpkey: 'abc' }, 'otpkey'],
    [{ otpkey: '00'.repeat(15) }, 'otpkey'],
    [{ otpkey: '00'.repeat(129) }, 'otpkey'],
    [{ otpkey: 'MZXW6YTB1', otpkeyformat: 'base32' }, 'otpkey'],
    [{ serial: "TOTP'; drop table tokens" }, 'serial'],
    [{ serial: 'A'.repeat(41) }, 'serial'],
    [{ otpkey: '', genkey: 0 }, 'otpkey'],
  ])('refuses %j by the name of %s', async (wrong, field) => {
    const { status, envelope } = await admin.initToken({
      type: 'totp',
      otpkey: otpSeed,
      genkey: 0,
      ...wrong,
    })
    expect([status, envelope.result.error?.code]).toEqual([400, 905])
    expect(envelope.result.error?.message).toContain(field)
    expect((await made({ genkey: 0 })).status).toBe(200)
  })

  it('takes a serial once, of whatever type, and leaves the first token as it is', async () => {
    const { user, serial } = await owned({ serial: `OWN-${people}` })
    for (const type of ['totp', 'hotp', 'push', 'recovery'])
      expect(await told(admin.initToken({ type, serial, genkey: 1 }))).toEqual([400, 905])
    expect(await checks({ user, pass: totpAt(Date.now()) })).toBe(true)
  })

  it('is for those who may, and for people who exist', async () => {
    const nobody = await d.newApplication('Nobody', ['check'])
    expect(await told(nobody.initToken({ type: 'totp', genkey: 1 }))).toEqual([403, 303])
    expect(await told(admin.initToken({ type: 'totp', genkey: 1, user: 'nobody' }))).toEqual([
      400, 904,
    ])
    await owned()
  })
})

describe('GET /token/', () => {
  it('tells of one token everything that was recorded, and the counters of this moment', async () => {
    const { user, serial } = await owned({ description: 'on my desk' })
    await checks({ user, pass: '000000' })
    const page = await listed({ serial })
    const { count, current, next, prev, tokens } = page
    expect({ count, current, next, prev }).toEqual({ count: 1, current: 1, next: null, prev: null })
    expect(tokens).toEqual([
      {
        active: true,
        container_serial: '',
        count: 0,
        count_window: 10,
        description: 'on my desk',
        failcount: 1,
        id: expect.any(Number),
        info: {
          assignment_date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          count_auth: '1',
          creation_date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
          hashlib: 'sha1',
          timeShift: '0.0',
          timeStep: '30',
          timeWindow: '180',
          tokenkind: 'software',
        },
        locked: false,
        maxfail: 10,
        otplen: 6,
        realms: ['default'],
        resolver: 'local',
        revoked: false,
        rollout_state: '',
        serial,
        sync_window: 1000,
        tokengroup: [],
        tokentype: 'totp',
        user_editable: false,
        user_id: expect.any(String),
        user_realm: 'default',
        username: user,
      },
    ])
  })

  it('finds by every filter, alone and together, with * for anything', async () => {
    const mark = `mark-${people}`
    const { user, serial } = await owned({ description: `${mark} 50%_done` })
    const free = await made({ type: 'hotp', description: `${mark} free`, serial: `${mark}_free` })
    await post('disable', { serial: free.serial })
    const found = async (query: Record<string, string>) =>
      (await listed({ description: `${mark}*`, ...query })).tokens.map((token) => token.serial)
    expect(await found({})).toEqual([serial, free.serial])
    expect(await found({ type: 'totp' })).toEqual([serial])
    expect(await found({ tokentype: 'HO*' })).toEqual([free.serial])
    expect(await found({ user })).toEqual([serial])
    expect(await found({ user: user.toUpperCase() })).toEqual([serial])
    expect(await found({ serial })).toEqual([serial])
    expect(await found({ serial: serial.slice(0, -1) })).toEqual([])
    expect(await found({ user: `${user.slice(0, 5)}*`, realm: 'default' })).toEqual([serial])
    expect(await found({ user, realm: 'sales' })).toEqual([])
    expect(await found({ assigned: 'False' })).toEqual([free.serial])
    expect(await found({ assigned: '1' })).toEqual([serial])
    expect(await found({ active: 'true' })).toEqual([serial])
    expect(await found({ active: '0' })).toEqual([free.serial])
    expect(await found({ rollout_state: 'client*' })).toEqual([])
    expect(await found({ serial: `${mark}_fr*` })).toEqual([free.serial])
    expect(await found({ serial: '*', user: '*' })).toEqual([serial, free.serial])
    expect(await found({ description: '*50%_d*' })).toEqual([serial])
    expect(await found({ description: '*50__d*' })).toEqual([])
    expect(await found({ serial: "' or 1=1 --" })).toEqual([])
    await post('realm', { serial: free.serial, realms: ['sales'] })
    expect(await found({ realm: 'SAL*' })).toEqual([free.serial])
  })

  it('goes page by page in the order that is asked for, each token on one of them', async () => {
    const mark = `paged-${people}`
    for (let i = 0; i < 7; i++) await made({ serial: `${mark}-${i}` })
    const query = { serial: `${mark}*`, pagesize: '3', sortby: 'serial', sortdir: 'desc' }
    const pages = [
      await listed({ ...query, page: '1' }),
      await listed({ ...query, page: '2' }),
      await listed({ ...query, page: '3' }),
    ]
    expect(pages.map(({ count, current, next, prev }) => [count, current, next, prev])).toEqual([
      [7, 1, 2, null],
      [7, 2, 3, 1],
      [7, 3, null, 2],
    ])
    expect(pages.flatMap(({ tokens }) => tokens.map(({ serial }) => serial))).toEqual(
      [6, 5, 4, 3, 2, 1, 0].map((i) => `${mark}-${i}`),
    )
    expect(await listed({ ...query, page: '4' })).toMatchObject({ tokens: [], next: null })
  })

  it.each([
    { page: '0' },
    { page: 'x' },
    { pagesize: '100000' },
    { sortby: 'pin_hash' },
    { sortby: 'serial; drop table tokens' },
    { active: 'perhaps' },
    { serial: '*a'.repeat(60) },
  ])('refuses %j', async (query) => {
    const path = `/token/?${new URLSearchParams(query as Record<string, string>)}`
    expect(await told(admin.call('GET', path))).toEqual([400, 905])
    await listed({ page: '1' })
  })
})

describe('what takes a right away', () => {
  const ends = async (take: (serial: string, user: string) => Promise<Reply>) => {
    const user = await newPerson()
    const phone = await d.device(user)
    const { transactionId } = await d.payroll.ask({ user })
    const [challenge] = await phone.list()
    const reply = await take(phone.serial, user)
    expect(reply.status).toBe(200)
    const { envelope } = await d.payroll.poll(transactionId)
    expect(envelope.detail?.challenge_status).toBe('declined')
    await expect(phone.approve(challenge!)).rejects.toThrow()
    expect((await d.payroll.redeem({ user }, transactionId)).envelope.result.value).toBe(false)
    const next = await d.payroll.trigger({ user })
    expect(next.envelope.result.value).toBe(0)
    return { user, phone }
  }

  it.each(['disable', 'revoke', 'unassign', 'lost'])(
    '/token/%s has ended open challenges when it answers',
    async (action) => {
      const { user } = await ends((serial) => post(`${action}/${serial}`))
      const phone = await d.device(user)
      const { transactionId, code } = await d.payroll.ask({ user })
      await phone.approve((await phone.list())[0]!, code)
      expect((await d.payroll.redeem({ user }, transactionId)).envelope.result.value).toBe(true)
    },
  )

  it('so has DELETE, after which the token is unknown', async () => {
    const { phone } = await ends((serial) => admin.call('DELETE', `/token/${serial}`))
    expect(await told(admin.call('DELETE', `/token/${phone.serial}`))).toEqual([404, 601])
    expect((await listed({ serial: phone.serial })).count).toBe(0)
    expect(await told(d.payroll.check({ serial: phone.serial, pass: '' }))).toEqual([404, 601])
    expect(await audited('token_delete', phone.serial)).toMatchObject([
      { success: true },
      { success: false },
    ])
  })

  it('a challenge that is to be typed ends the same way', async () => {
    const { user, serial } = await owned()
    const answer = async () => {
      const { envelope } = await d.payroll.trigger({ user })
      return { user, transaction_id: envelope.detail?.transaction_id ?? '' }
    }
    const open = await answer()
    await post('disable', { serial })
    expect(await checks({ ...open, pass: totpAt(Date.now()) })).toBe(false)
    await post('enable', { serial })
    expect(await checks({ ...open, pass: totpAt(Date.now()) })).toBe(false)
    expect(await checks({ ...(await answer()), pass: totpAt(Date.now()) })).toBe(true)
  })
})

describe('a token', () => {
  it('is disabled and enabled, by serial in the path or beside, or all of a person at once', async () => {
    const { user, serial } = await owned()
    const other = await made({ user, type: 'hotp' })
    expect(await valueOf(post('disable', { user }))).toBe(2)
    expect([(await one(serial))?.active, (await one(other.serial))?.active]).toEqual([false, false])
    const { envelope } = await d.payroll.check({ user, pass: totpAt(Date.now()) })
    expect(envelope.detail?.message).toBe('No suitable token found for authentication.')
    expect(await valueOf(post(`enable/${serial}`))).toBe(1)
    expect(await checks({ user, pass: hotpAt(0) })).toBe(false)
    expect(await checks({ user, pass: totpAt(Date.now()) })).toBe(true)
    expect(await audited('token_enable', serial)).toMatchObject([
      { success: true, application: 'default', detail: { by: 'admin', serials: [serial] } },
    ])
  })

  it('that is revoked stays so', async () => {
    const { user, serial } = await owned()
    expect(await valueOf(post('revoke', { serial }))).toBe(1)
    expect(await one(serial)).toMatchObject({ active: false, revoked: true, locked: true })
    for (const action of ['enable', 'revoke', 'reset', 'setpin', 'set'])
      expect(await told(post(action, { serial, otppin: '1', max_failcount: 3 }))).toEqual([
        400, 1007,
      ])
    expect(await valueOf(post('enable', { user }))).toBe(0)
    expect(await told(d.payroll.check({ serial, pass: totpAt(Date.now()) }))).toEqual([400, 1007])
    const next = await made({ user })
    expect(await checks({ serial: next.serial, pass: totpAt(Date.now()) })).toBe(true)
  })

  it.each([
    'enable',
    'disable',
    'revoke',
    'reset',
    'setpin',
    'setrandompin',
    'description',
    'set',
    'resync',
    'lost',
    'unassign',
  ])('is never touched by /token/%s of somebody who may not, or without a name', async (action) => {
    const { user, serial } = await owned()
    const body = { serial, otppin: '9', description: 'x', otp1: '1', otp2: '2' }
    expect(await told(d.payroll.call('POST', `/token/${action}`, body))).toEqual([403, 303])
    const nobody = d.payroll.as({})
    expect(await told(nobody.call('POST', `/token/${action}`, body))).toEqual([401, 4033])
    expect(await told(post(action, { ...body, serial: '' }))).toEqual([400, 905])
    expect(await told(post(action, { ...body, serial: 'TOTP00000000' }))).toEqual([404, 601])
    expect(await told(post(action, { ...body, serial: `${serial}%` }))).toEqual([404, 601])
    expect(await told(post(action, { ...body, user: await newPerson() }))).toEqual([404, 601])
    expect(await told(post(action, { ...body, user: 'nobody' }))).toEqual([400, 904])
    expect(await checks({ user, pass: totpAt(Date.now()) })).toBe(true)
  })

  it('gets a PIN, a random one, and none', async () => {
    const { user, serial } = await owned({ pin: 'old' })
    const pass = (pin: string, off = 0) => `${pin}${totpAt(Date.now() + off)}`
    expect(await valueOf(post('setpin', { serial, otppin: 'new' }))).toBe(1)
    expect(await checks({ user, pass: pass('old') })).toBe(false)
    expect(await checks({ user, pass: pass('new') })).toBe(true)
    const { envelope } = await post('setrandompin', { serial })
    const { pin = '' } = envelope.detail as { pin?: string }
    expect(pin).toMatch(/^[0-9A-Za-z]{8}$/)
    expect(await checks({ user, pass: pass('new', 30_000) })).toBe(false)
    expect(await checks({ user, pass: pass(pin, 30_000) })).toBe(true)
    expect(JSON.stringify(await audited('token_setrandompin', serial))).not.toContain(pin)
    expect(await told(post('setpin', { serial }))).toEqual([400, 905])
    expect(await valueOf(post('setpin', { serial, otppin: '' }))).toBe(1)
    expect(await checks({ user, pass: pass('', 60_000) })).toBe(true)
  })

  it('is described and set, each property checked by its name', async () => {
    const { user, serial } = await owned()
    expect(await valueOf(post(`description/${serial}`, { description: 'x'.repeat(99) }))).toBe(1)
    expect((await one(serial))?.description).toHaveLength(80)
    const wish = {
      description: 'd',
      max_failcount: 3,
      count_window: 5,
      sync_window: 50,
      hashlib: 'sha512',
    }
    expect(await valueOf(post('set', { serial, ...wish }))).toBe(5)
    expect(await one(serial)).toMatchObject({
      description: 'd',
      maxfail: 3,
      count_window: 5,
      sync_window: 50,
      info: { hashlib: 'sha512' },
    })
    expect(await checks({ user, pass: totpAt(Date.now()) })).toBe(false)
    for (const wrong of [
      {},
      { max_failcount: 0 },
      { max_failcount: 'many' },
      { count_window: -1 },
      { hashlib: 'none' },
    ])
      expect(await told(post('set', { serial, ...wrong }))).toEqual([400, 905])
    await post('set', { serial, hashlib: 'sha1' })
    expect(await checks({ user, pass: totpAt(Date.now()) })).toBe(true)
  })

  it('is found again by two codes in a row', async () => {
    const { user, serial } = await owned({ type: 'hotp' })
    expect(await checks({ user, pass: hotpAt(500) })).toBe(false)
    const tried = (first: number, second: number) =>
      valueOf(post('resync', { serial, otp1: hotpAt(first), otp2: hotpAt(second) }))
    expect(await tried(500, 502)).toBe(false)
    expect(await told(post('resync', { serial, otp1: '123456' }))).toEqual([400, 905])
    expect(await tried(500, 501)).toBe(true)
    expect(await tried(500, 501)).toBe(false)
    expect(await checks({ user, pass: hotpAt(501) })).toBe(false)
    expect(await checks({ user, pass: hotpAt(502) })).toBe(true)
  })

  it('belongs to one person at a time', async () => {
    const { serial } = await made({ pin: 'mine' })
    const [anna, bert] = [await newPerson(), await newPerson()]
    expect(await told(post('assign', { serial }))).toEqual([400, 905])
    expect(await told(post('assign', { user: anna }))).toEqual([400, 905])
    expect(await told(post('assign', { serial, user: 'nobody' }))).toEqual([400, 904])
    expect(await valueOf(post('assign', { serial, user: anna }))).toBe(true)
    expect(await one(serial)).toMatchObject({ username: anna, user_realm: 'default' })
    expect(await told(post('assign', { serial, user: bert }))).toEqual([400, 1103])
    expect(await checks({ user: bert, pass: `mine${totpAt(Date.now())}` })).toBe(false)
    expect(await checks({ user: anna, pass: `mine${totpAt(Date.now())}` })).toBe(true)
    expect(await valueOf(post('unassign', { serial }))).toBe(1)
    expect(await one(serial)).toMatchObject({ username: '', user_id: '', realms: [] })
    expect(await checks({ user: anna, pass: `mine${totpAt(Date.now() + 30_000)}` })).toBe(false)
    expect(await valueOf(post('assign', { serial, user: bert, pin: 'his' }))).toBe(true)
    expect(await checks({ user: bert, pass: `his${totpAt(Date.now() + 30_000)}` })).toBe(true)
  })

  it('of a device that changes hands waits for a new device, and takes one invitation', async () => {
    const [anna, bert] = [await newPerson(), await newPerson()]
    const old = await d.device(anna)
    const { serial } = old
    expect(await valueOf(post('unassign', { serial }))).toBe(1)
    expect(await one(serial)).toMatchObject({ rollout_state: 'clientwait', username: '' })
    expect(await valueOf(post('assign', { serial, user: bert }))).toBe(true)
    await expect(old.list()).rejects.toThrow()
    expect((await d.payroll.trigger({ user: bert })).envelope.result.value).toBe(0)

    const invite = (user: string) => admin.initToken({ type: 'push', serial, user })
    expect(await told(invite(anna))).toEqual([400, 905])
    const first = (await invite(bert)).envelope.detail?.enrolment_url ?? ''
    const second = (await invite(bert)).envelope.detail?.enrolment_url ?? ''
    await expect(enrol(d.server, { invitation: first })).rejects.toThrow()
    const phone = await enrol(d.server, { invitation: second })
    expect(phone.serial).toBe(serial)
    expect(await told(invite(bert))).toEqual([400, 905])
    const { transactionId, code } = await d.payroll.ask({ user: bert })
    await phone.approve((await phone.list())[0]!, code)
    expect((await d.payroll.redeem({ user: bert }, transactionId)).envelope.result.value).toBe(true)
  })

  it('is seen in further realms', async () => {
    const { serial } = await owned()
    expect(await told(post(`realm/${serial}`, { realms: 'sales,nowhere' }))).toEqual([400, 905])
    expect(await told(post(`realm/${serial}`, { realms: '[{}]' }))).toEqual([400, 905])
    expect(await told(post(`realm/${serial}`))).toEqual([400, 905])
    expect(await valueOf(post(`realm/${serial}`, { realms: 'SALES' }))).toBe(true)
    expect((await one(serial))?.realms).toEqual(['default', 'sales'])
    expect(await valueOf(post(`realm/${serial}`, { realms: [] }))).toBe(true)
    expect((await one(serial))?.realms).toEqual(['default'])
  })

  it('carries notes, and none that would pass for what is ours', async () => {
    const { serial } = await owned()
    expect(await valueOf(post(`info/${serial}/colour`, { value: 'red' }))).toBe(true)
    expect((await one(serial))?.info).toMatchObject({ colour: 'red' })
    for (const key of ['hashlib', 'tokenkind', 'a%2Fb', '%3Cb%3E', 'k'.repeat(101)])
      expect(await told(post(`info/${serial}/${key}`, { value: 'x' }))).toEqual([400, 905])
    expect(await told(post(`info/${serial}/colour`))).toEqual([400, 905])
    expect(await told(post(`info/NONE/colour`, { value: 'x' }))).toEqual([404, 601])
    expect(await valueOf(post(`info/${serial}/__proto__`, { value: 'x' }))).toBe(true)
    expect((await one(serial))?.info).toMatchObject({ hashlib: 'sha1', colour: 'red' })
    const gone = () => valueOf(admin.call('DELETE', `/token/info/${serial}/colour`))
    expect([await gone(), await gone()]).toEqual([true, false])
  })

  it('that was lost is replaced for ten days by codes with the same PIN', async () => {
    time = clock()
    const { user, serial } = await owned({ pin: '1234' })
    expect(await told(post('lost', { serial: (await made()).serial }))).toEqual([400, 2017])
    const { envelope } = await post(`lost/${serial}`)
    const value = envelope.result.value as { serial: string; password: string; otps: string[] }
    expect(value).toMatchObject({ init: true, disable: 1, pin: true })
    expect((await one(serial))?.active).toBe(false)
    expect(await checks({ user, pass: `1234${totpAt(Date.now())}` })).toBe(false)
    expect(await checks({ user, pass: value.password })).toBe(false)
    expect(await checks({ user, pass: `1234${value.password}` })).toBe(true)
    time.forward(10 * 86_400 + 1)
    expect(await checks({ user, pass: `1234${value.otps[1]}` })).toBe(false)
    time.stop()
    await post('enable', { serial })
    expect(await checks({ user, pass: `1234${totpAt(Date.now() + 60_000)}` })).toBe(true)
  })
})

describe('/token/challenges', () => {
  const challenges = async (path = '') => {
    const { status, envelope } = await admin.call('GET', `/token/challenges/${path}`)
    expect(status).toBe(200)
    return envelope.result.value as { challenges: Record<string, unknown>[]; count: number }
  }

  it('lists what is open of one token, as recorded, and of all', async () => {
    const { user, serial } = await owned()
    expect(await challenges(serial)).toMatchObject({ challenges: [], count: 0 })
    const { envelope } = await d.payroll.trigger({ user })
    const date = expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/)
    expect(await challenges(serial)).toEqual({
      challenges: [
        {
          challenge: expect.any(String),
          data: '',
          expiration: date,
          id: expect.any(Number),
          otp_received: false,
          otp_valid: false,
          received_count: 0,
          serial,
          timestamp: date,
          transaction_id: envelope.detail?.transaction_id,
        },
      ],
      count: 1,
      current: 1,
      next: null,
      prev: null,
    })
    const all = await challenges('?pagesize=1000')
    expect(all.challenges.map((found) => found.serial)).toContain(serial)
    const named = await challenges(`?transaction_id=${envelope.detail?.transaction_id}`)
    expect(named.count).toBe(1)
    expect(await told(admin.call('GET', '/token/challenges/NONE'))).toEqual([404, 601])
    expect(await told(d.payroll.as({}).call('GET', '/token/challenges/'))).toEqual([401, 4033])
  })

  it('forgets what is over, and only that', async () => {
    time = clock()
    const [old, fresh] = [await owned(), await owned()]
    await d.payroll.trigger({ user: old.user })
    time.forward(121)
    await d.payroll.trigger({ user: fresh.user })
    const nobody = d.payroll.call('DELETE', '/token/challenges/expired')
    expect(await told(nobody)).toEqual([403, 303])
    const { envelope } = await admin.call('DELETE', '/token/challenges/expired')
    expect(envelope.result.value).toMatchObject({ status: true })
    expect((await challenges(old.serial)).count).toBe(0)
    expect((await challenges(fresh.serial)).count).toBe(1)
  })
})
