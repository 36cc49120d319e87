/** CIBA by a client that nobody here wrote: a person is asked without a browser, and what the device shows is what it signs. */
import * as openid from 'openid-client'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { until } from '../support/until.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { clock, type Deployment, deployment } from './deployment.ts'
import { type RelyingParty, newRelyingParty, password, refusal } from './openid-parties.ts'
import { answerNextAt, receivedAt } from './push-box.ts'

const pinged = 'shop.example.org'
let d: Deployment
let party: RelyingParty
let device: VirtualDevice
beforeAll(async () => {
  d = await deployment()
  await d.set({ promptsPerHourByApplication: 1000, missedPrompts: 100 })
  await d.person('anna', { password })
  device = await d.device('anna', { pin: '4711' })
  await d.person('bare')
  party = await newRelyingParty(d, { mode: 'second_factor', redirect_uris: '', ciba: 'poll' })
})
afterEach(() => void vi.useRealTimers())

type Begun = openid.BackchannelAuthenticationResponse & {
  display_code: string
  conforming: boolean
}
const begin = async (more: Record<string, string> = {}, by = party): Promise<Begun> =>
  (await openid.initiateBackchannelAuthentication(by.config, {
    scope: 'openid',
    login_hint: 'anna',
    ...more,
  })) as Begun

/** One poll. */
const poll = (begun: Begun, by = party) =>
  openid.genericGrantRequest(by.config, 'urn:openid:params:grant-type:ciba', {
    auth_req_id: begun.auth_req_id,
  })
async function answer(begun: Begun, decision: 'approve' | 'decline' = 'approve') {
  const open = await device.list()
  const challenge = open.at(0)!
  if (decision === 'decline') await device.decline(challenge)
  else await device.approve(challenge, begun.display_code)
  return challenge.claims
}

describe('a request without a browser', () => {
  it('is shown, signed, approved with the code that came back, and fetched once', async () => {
    const payment = [{ type: 'payment', amount: { value: '12.30', currency: 'EUR' }, to: 'ACME' }]
    const begun = await begin({
      binding_message: 'Order 4711',
      authorization_details: JSON.stringify(payment),
    })
    expect(begun.display_code).toMatch(/^[0-9A-Z]{4}$/)
    expect(await refusal(poll(begun))).toBe('authorization_pending')
    const claims = await answer(begun)
    expect(claims.text).toBe(
      'Order 4711\npayment\namount value: 12.30\namount currency: EUR\nto: ACME',
    )
    const tokens = await openid.pollBackchannelAuthenticationGrant(party.config, begun)
    expect(tokens.claims()).toMatchObject({
      preferred_username: 'anna',
      acr: 'urn:countersign:second-factor',
      amr: ['swk', 'user'],
    })
    expect(tokens.authorization_details).toEqual(payment)
    expect(await refusal(poll(begun))).toBe('invalid_grant')
  })

  it('tells of a decline, and of an end that nobody answered', async () => {
    const declined = await begin()
    await answer(declined, 'decline')
    expect(await refusal(poll(declined))).toBe('access_denied')
    const time = clock()
    const short = await begin({ requested_expiry: '15' })
    expect(short.expires_in).toBeLessThanOrEqual(15)
    time.forward(16)
    expect(await refusal(poll(short))).toBe('expired_token')
  })

  it('asks whoever polls too soon to slow down, and longer each time', async () => {
    const time = clock()
    const begun = await begin()
    expect(await refusal(poll(begun))).toBe('authorization_pending')
    expect(await refusal(poll(begun))).toBe('slow_down')
    time.forward(begun.interval! + 1)
    expect(await refusal(poll(begun))).toBe('slow_down')
    await answer(begun)
    time.forward(15)
    expect((await poll(begun)).claims()?.preferred_username).toBe('anna')
  })

  it.each([
    ['no hint', { login_hint: '' }, 'invalid_request'],
    ['two hints', { id_token_hint: 'x.y.z' }, 'invalid_request'],
    ['nobody', { login_hint: 'nobody' }, 'unknown_user_id'],
    ['somebody without a device', { login_hint: 'bare' }, 'unknown_user_id'],
    ['a message that turns around', { binding_message: 'pay \u202e1' }, 'invalid_binding_message'],
    ['a message without end', { binding_message: 'x'.repeat(201) }, 'invalid_binding_message'],
    ['details without a type', { authorization_details: '[{}]' }, 'invalid_authorization_details'],
    ['an expiry in words', { requested_expiry: 'soon' }, 'invalid_request'],
    ['a scope without openid', { scope: 'profile' }, 'invalid_scope'],
    ['a wrong code of the person', { user_code: '0000' }, 'invalid_user_code'],
  ])('is refused with %s, and rings nobody', async (_what, more, expected) => {
    const before = (await device.list()).map(({ claims }) => claims.challenge)
    expect(await refusal(begin(more))).toBe(expected)
    for (const { claims } of await device.list()) expect(before).toContain(claims.challenge)
  })

  it('asks whom an id_token_hint of its own names, and nobody by another’s', async () => {
    const first = await begin()
    await answer(first)
    const hint = (await poll(first)).id_token!
    const other = await newRelyingParty(d, { mode: 'second_factor', ciba: 'poll' })
    const by = (of: RelyingParty) => begin({ login_hint: '', id_token_hint: hint }, of)
    expect(await refusal(by(other))).toBe('unknown_user_id')
    const begun = await by(party)
    await answer(begun)
    expect((await poll(begun)).claims()?.preferred_username).toBe('anna')
  })

  it('fails where the person left, or the approval was too old, before it was fetched', async () => {
    const administrator = await d.newApplication('Administrator', undefined, 'default')
    await d.person('leaver')
    const phone = await d.device('leaver')
    const begun = await begin({ login_hint: 'leaver' })
    await phone.approve((await phone.list()).at(0)!, begun.display_code)
    await administrator.call('DELETE', '/user/local/leaver')
    expect(await refusal(poll(begun))).toBe('transaction_failed')
    const time = clock()
    const late = await begin()
    await answer(late)
    time.forward(3600)
    expect(await refusal(poll(late))).toBe('invalid_grant')
    time.stop()
    const inTime = await begin()
    await answer(inTime)
    expect((await poll(inTime)).claims()?.preferred_username).toBe('anna')
  })

  it('is another application’s affair: with its id nobody else learns or gets anything', async () => {
    const other = await newRelyingParty(d, { mode: 'second_factor', ciba: 'poll' })
    const begun = await begin()
    await answer(begun)
    expect(await refusal(poll(begun, other))).toBe('invalid_grant')
    expect((await poll(begun)).claims()?.preferred_username).toBe('anna')
  })

  it('is refused to an application that is not registered for it', async () => {
    const without = await newRelyingParty(d, { mode: 'whole_login' })
    expect(await refusal(begin({}, without))).toBe('unauthorized_client')
  })
})

describe('an application whose people bring what they alone know', () => {
  it('rings nobody without it, and says in amr that it was shown', async () => {
    const bank = await newRelyingParty(d, {
      mode: 'second_factor',
      ciba: 'poll',
      user_code_required: 1,
    })
    expect(await refusal(begin({}, bank))).toBe('missing_user_code')
    const begun = await begin({ user_code: '4711' }, bank)
    await answer(begun)
    const claims = (await poll(begun, bank)).claims()
    expect(claims).toMatchObject({
      acr: 'urn:countersign:two-factors',
      amr: ['pin', 'swk', 'user', 'mfa'],
    })
  })
})

describe('an application that cannot show the code', () => {
  it('gets none, and is marked', async () => {
    const blind = await newRelyingParty(d, { mode: 'second_factor', ciba: 'poll', shows_code: '0' })
    const begun = await begin({}, blind)
    expect([begun.display_code, begun.conforming]).toEqual([undefined, false])
    const claims = await answer(begun)
    expect(claims.match).toBe('none')
    expect((await poll(begun, blind)).claims()?.preferred_username).toBe('anna')
  })
})

describe('an application that wants to be told', () => {
  const endpoint = `https://${pinged}/told`
  it('is told with its own token, again where it did not listen, and asks then', async () => {
    await answerNextAt(endpoint, { status: 503 })
    const shop = await newRelyingParty(d, {
      mode: 'second_factor',
      ciba: 'ping',
      backchannel_client_notification_endpoint: endpoint,
    })
    expect(await refusal(begin({}, shop))).toBe('invalid_request')
    const begun = await begin({ client_notification_token: 'of-the-shop' }, shop)
    expect(await receivedAt(endpoint)).toEqual([])
    await answer(begun)
    const told = await until('two pings', async () => {
      const received = await receivedAt(endpoint)
      return received.length >= 2 && received
    })
    for (const { method, headers, body } of told) {
      expect([method, headers['authorization']]).toEqual(['POST', 'Bearer of-the-shop'])
      const said: unknown = JSON.parse(new TextDecoder().decode(body))
      expect(said).toEqual({ auth_req_id: begun.auth_req_id })
    }
    expect((await poll(begun, shop)).claims()?.preferred_username).toBe('anna')
  })

  it('is registered at a host that the operator allows, and at no other', async () => {
    const register = (at: string) =>
      party.administrator.call('POST', `/application/${party.id}/openid`, {
        mode: 'second_factor',
        ciba: 'ping',
        backchannel_client_notification_endpoint: at,
      })
    for (const at of ['https://elsewhere.example.org/x', `http://${pinged}/x`, ''])
      expect([at, (await register(at)).status]).toEqual([at, 400])
    expect((await register(endpoint)).status).toBe(200)
  })
})
