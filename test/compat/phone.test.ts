/**
 * The privacyIDEA Authenticator app against a real server: four generations of it, with the key sizes and spellings that it
 * has, and what it refuses to show. The phone itself is test/support/stock-phone.ts.
 */
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { canonical } from '../support/stock-phone-keys.ts'
import { generations, type StockPhone } from '../support/stock-phone.ts'
import { type Desk, firstOf, openDesk } from './desk.ts'

let desk: Desk
beforeAll(async () => {
  desk = await openDesk(inject('plain'), 'phones')
})

async function asked(user: string): Promise<string> {
  const { envelope } = await desk.administrator.trigger({ user, realm: desk.realm })
  return envelope.detail!.transaction_id!
}
const statusOf = async (id: string) => (await desk.administrator.poll(id)).envelope.detail
const redeemed = async (user: string, id: string) =>
  (await desk.administrator.redeem({ user, realm: desk.realm }, id)).envelope.result

async function approves(phone: StockPhone, user: string): Promise<void> {
  const id = await asked(user)
  const shown = await phone.poll()
  expect(phone.dropped).toEqual([])
  expect(shown).toHaveLength(1)
  const { status, envelope } = await phone.accept(shown[0]!)
  expect([status, envelope.result]).toEqual([200, { status: true, value: true }])
  expect(await phone.poll()).toEqual([])
  expect(await redeemed(user, id)).toMatchObject({ value: true, authentication: 'ACCEPT' })
}

describe.each(generations)('an app of the generation %s', (generation) => {
  it('enrols, polls, checks our signature, approves, declines; each answer decides once', async () => {
    const user = `phone-${generation}`
    await desk.person(user)
    const phone = await desk.phone(user, { generation })
    expect(phone.enrolled.envelope).toMatchObject({
      detail: { serial: phone.serial, rollout_state: 'enrolled', public_key: expect.any(String) },
      result: { status: true, value: true },
    })
    await approves(phone, user)
    const id = await asked(user)
    const challenge = await firstOf(phone)
    expect((await phone.decline(challenge, 'cancelled')).envelope.result.value).toBe(true)
    expect(await statusOf(id)).toMatchObject({ challenge_status: 'declined' })
    expect((await phone.accept(challenge)).envelope.result.value).toBe(false)
    expect(await redeemed(user, id)).toMatchObject({ value: false })
  })
})

it.each([
  ['a key of 4096 bits, as the app makes it', { bits: 4096 }],
  ['an empty POST first, as on iOS', { emptyPostFirst: true }],
  ['a Firebase token', { fbtoken: 'fb-token-1' }],
  [
    'a key that survives an address',
    { keyText: (text: string) => text.replaceAll('+', '-').replaceAll('/', '_') },
  ],
  ['a key whose + became blanks', { keyText: (text: string) => text.replaceAll('+', ' ') }],
])('enrols with %s', async (what, options) => {
  const user = `with-${what.replace(/\W+/g, '-').slice(2, 24).toLowerCase()}`
  await desk.person(user)
  await approves(await desk.phone(user, options), user)
})

it('tells us of a new Firebase token, signed', async () => {
  await desk.person('firebase')
  const phone = await desk.phone('firebase', { fbtoken: 'old' })
  const wrong = await phone.updateFbToken('new', { new_fb_token: 'someone else’s' })
  expect(wrong.status).toBe(400)
  const { status, envelope } = await phone.updateFbToken('new')
  expect([status, envelope.result.value]).toEqual([200, true])
})

describe('the app shows nothing', () => {
  it('of which one letter was changed on the way', async () => {
    await desk.person('careful')
    const phone = await desk.phone('careful', { generation: 'capabilities' })
    await asked('careful')
    const genuine = await firstOf(phone)
    for (const name of ['nonce', 'question', 'title', 'sslverify'] as const) {
      const other = name === 'sslverify' ? (genuine.sslverify === '1' ? '0' : '1') : 'other'
      expect(await phone.faultOf({ ...genuine, [name]: other }), name).toMatch(/signature/)
    }
    expect(await phone.faultOf(genuine)).toBeNull()
  })

  it('whose capabilities are not signed as they stand, and does without where there are none', async () => {
    await desk.person('capable')
    const phone = await desk.phone('capable')
    await asked('capable')
    const genuine = await firstOf(phone)
    expect(JSON.parse(genuine.capabilities!)).toEqual({ decline_reason: true })
    const claimed = { ...genuine, capabilities: '{"decline_reason": true, "more": true}' }
    expect(await phone.faultOf(claimed)).toBe('wrong capabilities_signature')
    const { capabilities: _, capabilities_signature: __, ...stripped } = genuine
    expect(await phone.faultOf(stripped)).toBeNull()
    expect(await phone.faultOf(genuine)).toBeNull()
  })

  it('signs over capabilities and nonce as RFC 8785 writes them', () => {
    const bytes = canonical({ nonce: 'ABC123', capabilities: { decline_reason: true } })
    expect(bytes).toBe('{"capabilities":{"decline_reason":true},"nonce":"ABC123"}')
  })
})
