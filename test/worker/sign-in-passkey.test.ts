/** The sign-in page by a passkey: a whole login of its own, and what its tokens truly say. What must not work ends by working. */
import * as openid from 'openid-client'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Passkey, addPasskey, challengeFor } from '../support/passkey.ts'
import type { SignInBrowser } from '../support/sign-in-browser.ts'
import type { Flags } from '../support/virtual-authenticator.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, clock, costOf, deployment, origin } from './deployment.ts'
import {
  type RelyingParty,
  approve,
  beginning,
  browser,
  callback,
  newRelyingParty,
  password,
  refusal,
} from './openid-parties.ts'

let d: Deployment
let party: RelyingParty
let anna: Passkey
let bert: Passkey
let device: VirtualDevice
beforeAll(async () => {
  d = await deployment()
  await d.set({ promptsPerHourByApplication: 1000, missedPrompts: 100 })
  await d.person('anna', { password })
  await d.person('bert', { password })
  device = await d.device('anna')
  anna = await addPasskey(d.payroll, origin, { user: 'anna' })
  bert = await addPasskey(d.payroll, origin, { user: 'bert' })
  party = await newRelyingParty(d, { mode: 'whole_login' })
})

let time: ReturnType<typeof clock> | null = null
afterEach(() => {
  time?.stop()
  time = null
})

const challengeOn = ({ page }: SignInBrowser): string =>
  /name="transaction_id" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
const alertOn = ({ page }: SignInBrowser) => /role="alert">([^<]*)/.exec(page.text)?.[1] ?? ''

/** As far as the first page. */
async function open(more: Record<string, string> = {}, by = party, person = browser(d)) {
  const { parameters, checks } = await beginning(more)
  await person.go(openid.buildAuthorizationUrl(by.config, parameters))
  return { person, checks }
}
/** Presses the button: the browser has the page's challenge signed. */
async function press(person: SignInBrowser, passkey = anna, how: Flags = {}, challenge = '') {
  const { transaction_id: _, ...given } = await passkey.signed(
    challenge || challengeOn(person),
    how,
  )
  return person.submit(given)
}
async function signIn(more: Record<string, string> = {}, passkey = anna, by = party) {
  const { person, checks } = await open(more, by)
  const { url } = await press(person, passkey)
  return { person, checks, url }
}
async function claimsOf({ url, checks }: Awaited<ReturnType<typeof signIn>>, by = party) {
  const tokens = await openid.authorizationCodeGrant(by.config, url, checks)
  return { claims: tokens.claims()!, idToken: tokens.id_token! }
}

describe('a whole login by a passkey', () => {
  it('is done at once, and its token says truly by what', async () => {
    const begun = Math.floor(Date.now() / 1000)
    const { claims } = await claimsOf(await signIn())
    expect(claims).toMatchObject({
      preferred_username: 'anna',
      acr: 'urn:countersign:two-factors',
      amr: ['pop', 'user', 'mfa'],
    })
    expect(claims.auth_time).toBeGreaterThanOrEqual(begun)
    expect(await device.list()).toEqual([])
  })

  it('opens the browser for the next application; prompt and max_age ask again, and nothing else does', async () => {
    const first = await signIn()
    const { claims } = await claimsOf(first)
    const { person } = first
    time = clock()
    time.forward(100)
    const back = async (more: Record<string, string>) => {
      const { checks } = await open(more, party, person)
      return { url: person.page.url, checks, person }
    }
    for (const more of [{}, { prompt: 'none' }, { max_age: '200' }]) {
      const again = await claimsOf(await back(more))
      expect(again.claims).toMatchObject({ auth_time: claims.auth_time, amr: claims.amr })
    }
    for (const more of [{ prompt: 'login' }, { max_age: '50' }]) {
      const { checks } = await back(more)
      expect(challengeOn(person)).toMatch(/^[\w-]{70}$/)
      const { url } = await press(person)
      const fresh = await claimsOf({ url, checks, person })
      expect(fresh.claims.auth_time).toBeGreaterThanOrEqual(claims.auth_time! + 100)
      time.forward(100)
    }
    const { url } = await back({ prompt: 'none', max_age: '50' })
    expect(url.searchParams.get('error')).toBe('login_required')
  })

  it('of which a person approves something still asks the device, which shows it', async () => {
    const details = JSON.stringify([{ type: 'payment', amount: '12.30 EUR' }])
    const { person, checks, url } = await signIn({ authorization_details: details })
    expect(url.pathname).toMatch(/^\/sign-in\//)
    const [asked] = await device.list()
    expect(asked?.claims.text).toContain('12.30 EUR')
    await approve(person, device)
    const back = await person.go(person.page.url)
    const { claims } = await claimsOf({ url: back.url, checks, person })
    expect(claims.amr).toEqual(['pop', 'user', 'mfa', 'swk'])
  })

  it('is of whoever the application means by id_token_hint, by password too', async () => {
    const { idToken } = await claimsOf(await signIn())
    const hinted = { id_token_hint: idToken, prompt: 'login' }
    const other = await signIn(hinted, bert)
    expect(other.url.searchParams.get('error')).toBe('login_required')
    const { person } = await open(hinted)
    const typed = await person.submit({ username: 'bert', password })
    expect(typed.url.searchParams.get('error')).toBe('login_required')
    expect((await claimsOf(await signIn(hinted))).claims.preferred_username).toBe('anna')
  })
})

describe('the button', () => {
  it('is hidden until a script shows it, in a page of its language that lets no other origin in', async () => {
    const { person } = await open({ ui_locales: 'de' })
    const { text, headers } = person.page
    expect(text).toMatch(/<form[^>]*data-passkey="[^"]+" hidden>/)
    expect(text).toContain('Mit einem Passkey anmelden')
    expect(text).toContain('<script src="/sign-in-passkey.js" defer></script>')
    const policy = headers.get('Content-Security-Policy')
    expect(policy).toContain("default-src 'none'; script-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(headers.get('X-Frame-Options')).toBe('DENY')
  })

  it('is not there where the application asks for a second factor alone', async () => {
    const second = await newRelyingParty(d, { mode: 'second_factor' })
    const { parameters, checks } = await beginning({ login_hint: 'anna' })
    const person = browser(d)
    await person.go(await openid.buildAuthorizationUrlWithPAR(second.config, parameters))
    expect(person.page.url.pathname).toMatch(/^\/sign-in\//)
    expect(person.page.text).not.toMatch(/passkey/i)
    await approve(person, device)
    const { url } = await person.go(person.page.url)
    const tokens = await openid.authorizationCodeGrant(second.config, url, checks)
    expect(tokens.claims()).toMatchObject({ acr: 'urn:countersign:second-factor' })
  })
})

describe('the button, by policies', () => {
  const policy = async (name: string, more: object) => {
    const body = { scope: 'authorization', realm: '', ...more }
    const { status } = await party.administrator.call('POST', `/policy/button-${name}`, body)
    expect(status).toBe(200)
  }
  const isOffered = async (by = party, more = {}): Promise<boolean> => {
    const { text } = (await open(more, by)).person.page
    expect(text).toContain('name="password"')
    expect(text.includes('/sign-in-passkey.js')).toBe(/data-passkey/.test(text))
    return /data-passkey/.test(text)
  }
  const devices = { action: { tokentype: 'push totp' } }
  const deny = { action: { authorized: 'deny_access' } }
  const passkeys = { action: { tokentype: 'passkey' } }

  afterEach(async () => {
    for (const name of ['0', '1'])
      await party.administrator.call('DELETE', `/policy/button-${name}`)
  })

  it.each([
    ['devices alone are let in', [devices]],
    ['nobody is let in', [deny]],
    ['devices alone are let in of all whom a star means', [{ ...devices, user: '*' }]],
    ['devices alone are let in of the only realm', [{ ...devices, realm: 'default' }]],
    [
      'devices alone are let in of some, and of all the others',
      [
        { ...devices, user: 'anna' },
        { ...devices, user: '*,-anna' },
      ],
    ],
    ['policies contradict each other', [deny, { action: { authorized: 'grant_access' } }]],
  ])('is not there where %s; the rest works, and it comes back with them', async (_, policies) => {
    for (const [at, one] of policies.entries()) await policy(`${at}`, one)
    expect(await isOffered()).toBe(false)
    const { person } = await open()
    await person.submit({ username: 'anna', password: 'not this one' })
    expect(alertOn(person)).not.toBe('')
    expect(person.page.text).not.toMatch(/passkey/i)
    for (const [at] of policies.entries())
      await party.administrator.call('DELETE', `/policy/button-${at}`)
    expect(await isOffered()).toBe(true)
  })

  it.each([
    ['passkeys are among what is let in', [{ action: { tokentype: 'push passkey' } }]],
    ['only somebody is let in by devices alone', [{ ...devices, user: 'anna' }]],
    ['somebody is left out of what holds for all others', [{ ...devices, user: '-anna' }]],
    ['somebody is let in by a passkey too', [devices, { ...passkeys, user: 'bert' }]],
    ['it is about other people’s realm', [{ ...devices, realm: 'elsewhere' }]],
    ['it is about another network', [{ ...devices, client: '192.0.2.0/24' }]],
    ['the policy is switched off', [{ ...devices, active: false }]],
    [
      'the more important policy lets in',
      [{ ...deny, priority: 2 }, { action: { authorized: 'grant_access' } }],
    ],
  ])('is there where %s', async (_, policies) => {
    for (const [at, one] of policies.entries()) await policy(`${at}`, one)
    expect(await isOffered()).toBe(true)
  })

  it('is of the application’s own people', async () => {
    await d.newRealm('north')
    await d.newRealm('south')
    const [north, south] = [
      await newRelyingParty(d, { mode: 'whole_login', realm: 'north' }),
      await newRelyingParty(d, { mode: 'whole_login', realm: 'south' }),
    ]
    await policy('0', { ...devices, realm: 'north' })
    expect([await isOffered(north), await isOffered(south), await isOffered()]).toEqual([
      false,
      true,
      true,
    ])
    await policy('0', { ...devices, resolver: 'south' })
    expect([await isOffered(north), await isOffered(south)]).toEqual([true, false])
  })

  it('is the same whoever is meant: a page tells of nobody whether they are there or have a passkey', async () => {
    await d.person('passkeyless', { password })
    const names = ['anna', 'passkeyless', 'nobody-is-called-so']
    for (const policies of [
      [devices],
      [devices, { ...passkeys, user: 'nobody-is-called-so' }],
      [devices, { ...passkeys, user: 'anna' }],
    ]) {
      for (const [at, one] of policies.entries()) await policy(`${at}`, one)
      const offered = []
      for (const login_hint of names) offered.push(await isOffered(party, { login_hint }))
      expect(new Set(offered)).toEqual(new Set([policies.length > 1]))
    }
  })

  it('is asked for nobody: a page costs the same whatever policies say', async () => {
    const cost = async () => {
      await open()
      return (await costOf(d, () => open())).cost
    }
    time = clock()
    const before = await cost()
    await policy('0', devices)
    expect(await cost()).toEqual(before)
    expect(before.objects).toBe(0)
  })
})

describe('what a page shows', () => {
  it('is signed for this browser, this application and this server, once; a refusal lets them try again', async () => {
    const { person } = await open()
    const stranger = (await open()).person
    const elsewhere = (await open({}, await newRelyingParty(d, { mode: 'whole_login' }))).person
    const challenge = challengeOn(person)
    for (const [how, signed] of [
      [{}, challengeOn(stranger)],
      [{}, challengeOn(elsewhere)],
      [{}, await challengeFor(d.payroll)],
      [{ origin: 'https://evil.example' }, ''],
      [{ rpId: 'evil.example' }, ''],
      [{ userVerified: false }, ''],
      [{ userHandle: bert.userHandle }, ''],
    ] as const) {
      await press(person, anna, how, signed)
      expect(alertOn(person)).toContain('not accepted')
      expect(person.page.url.pathname).toBe('/sign-in')
    }
    // Not even with its own challenge in the form of another page.
    const { transaction_id: theirs, ...given } = await anna.signed(challenge)
    await stranger.submit({ ...given, transaction_id: theirs })
    expect(alertOn(stranger)).toContain('not accepted')
    const from = { headers: { Origin: 'https://elsewhere.example.org' } }
    expect((await person.submit({ ...given, transaction_id: theirs }, from)).status).toBe(403)

    await open({}, party, person)
    const { page } = person
    expect((await press(person)).url.searchParams.get('code')).not.toBeNull()
    const { transaction_id: used, ...again } = await anna.signed(challengeIn(page.text))
    await open({ prompt: 'login' }, party, person)
    await person.submit({ ...again, transaction_id: used })
    expect(alertOn(person)).toContain('not accepted')
    expect((await press(person)).url.href).toContain(`${callback}?code=`)
  })

  it('lets in the people of the application’s realm alone, as the policies have it', async () => {
    await d.newRealm('office')
    await d.person('carla', { realm: 'office', resolver: 'office' })
    const carla = await addPasskey(d.payroll, origin, { user: 'carla', realm: 'office' })
    const office = await newRelyingParty(d, { mode: 'whole_login', realm: 'office' })
    const { person } = await open({}, office)
    await press(person)
    expect(alertOn(person)).toContain('not accepted')
    expect((await press(person, carla)).url.searchParams.get('code')).not.toBeNull()

    const only = { scope: 'authorization', realm: '', action: { tokentype: 'push' } }
    // A page that is open already has its button still, and lets in nobody.
    const refused = (await open()).person
    await party.administrator.call('POST', '/policy/only-devices', only)
    await press(refused)
    expect(alertOn(refused)).toContain('may not sign in this way')
    expect(refused.page.text).not.toContain('data-passkey')
    await party.administrator.call('DELETE', '/policy/only-devices')
    await open({}, party, refused)
    expect((await press(refused)).url.searchParams.get('code')).not.toBeNull()
  })

  it('of a passkey that is disabled lets nobody in until it is enabled, and ends what it let in before', async () => {
    const { person } = await open()
    const before = await signIn()
    await claimsOf(before)
    const unredeemed = await signIn()
    const by = party.administrator
    await by.call('POST', '/token/disable', { serial: anna.serial })
    await press(person)
    expect(alertOn(person)).toContain('not accepted')
    await open({ prompt: 'none' }, party, before.person)
    expect(before.person.page.url.searchParams.get('error')).toBe('login_required')
    expect(await refusal(claimsOf(unredeemed))).toBe('invalid_grant')
    await by.call('POST', '/token/enable', { serial: anna.serial })
    expect((await press(person)).url.searchParams.get('code')).not.toBeNull()
  })
})

const challengeIn = (text: string): string =>
  /name="transaction_id" value="([^"]*)"/.exec(text)?.[1] ?? ''
