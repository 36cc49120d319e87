/** One customer's applications and another's, in two databases: whoever knows the other's names and holds their codes has nothing. */
import { env } from 'cloudflare:workers'
import * as openid from 'openid-client'
import { beforeAll, expect, it } from 'vitest'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type OneCustomer, firstCustomer, newCustomer } from './customer.ts'
import { type Deployment, deployment, origin } from './deployment.ts'
import { approve, beginning, browser, callback, refusal } from './openid-parties.ts'

let d: Deployment
type Side = { customer: OneCustomer; device: VirtualDevice; config: openid.Configuration }
let ours: Side
let theirs: Side
beforeAll(async () => {
  d = await deployment({ DB_1: env.DB_1! })
  ours = await sideOf(await firstCustomer(d), 'anna')
  theirs = await sideOf(await newCustomer(d, { id: 'other', name: 'Other', database: 1 }), 'berta')
})

async function sideOf(customer: OneCustomer, user: string): Promise<Side> {
  const { administrator, payrollId: id } = customer
  await customer.person(user)
  const device = await customer.device(user)
  const call = async (path: string, body: object = {}) => {
    const { status, envelope } = await administrator.call('POST', path, body)
    if (status !== 200) throw new Error(JSON.stringify(envelope))
    return envelope.result.value as Record<string, string>
  }
  const registration = { mode: 'second_factor', redirect_uris: callback, ciba: 'poll' }
  await call(`/application/${id}/openid`, { ...registration, scopes: 'trigger' })
  const { client_id: clientId, client_secret: secret } = await call(`/application/${id}/secret`)
  const config = await openid.discovery(new URL(origin), clientId!, secret, undefined, {
    execute: [openid.allowInsecureRequests],
    [openid.customFetch]: (address, init) => d.fetch(address, init as RequestInit),
  })
  return { customer, device, config }
}

async function code({ config, device }: Side, user: string) {
  const { parameters, checks } = await beginning({
    login_hint: user,
    scope: 'openid offline_access',
  })
  const person = browser(d)
  await person.go(await openid.buildAuthorizationUrlWithPAR(config, parameters))
  await approve(person, device)
  return { url: (await person.go(person.page.url)).url, checks }
}

it('each signs its own people in, wherever they live', async () => {
  expect(theirs.config.clientMetadata().client_id).toBe('1.payroll')
  for (const [side, user] of [
    [ours, 'anna'],
    [theirs, 'berta'],
  ] as const) {
    const { url, checks } = await code(side, user)
    const tokens = await openid.authorizationCodeGrant(side.config, url, checks)
    const { sub } = tokens.claims()!
    const said = await openid.fetchUserInfo(side.config, tokens.access_token, sub)
    expect(said.preferred_username).toBe(user)
    const renewed = await openid.refreshTokenGrant(side.config, tokens.refresh_token!)
    expect(renewed.claims()?.sub).toBe(sub)
    expect((await openid.clientCredentialsGrant(side.config)).scope).toBe('trigger')
  }
})

it('neither names, asks, redeems or learns anything of the other’s', async () => {
  const { parameters } = await beginning({ login_hint: 'berta' })
  expect(await refusal(openid.buildAuthorizationUrlWithPAR(ours.config, parameters))).toBe(
    'invalid_request',
  )
  const asked = { scope: 'openid', login_hint: 'berta' }
  expect(await refusal(openid.initiateBackchannelAuthentication(ours.config, asked))).toBe(
    'unknown_user_id',
  )
  const { url, checks } = await code(theirs, 'berta')
  expect(await refusal(openid.authorizationCodeGrant(ours.config, url, checks))).toBe(
    'invalid_grant',
  )
  const begun = await openid.initiateBackchannelAuthentication(theirs.config, asked)
  const ciba = { auth_req_id: begun.auth_req_id }
  const type = 'urn:openid:params:grant-type:ciba'
  expect(await refusal(openid.genericGrantRequest(ours.config, type, ciba))).toBe('invalid_grant')
  const { access_token: token } = await openid.clientCredentialsGrant(ours.config)
  const trigger = (user: string) =>
    d.fetch('/validate/triggerchallenge', {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: new URLSearchParams({ user }),
    })
  expect((await trigger('berta')).status).toBe(400)
  expect((await trigger('anna')).status).toBe(200)
  const tokens = await openid.authorizationCodeGrant(theirs.config, url, checks)
  expect(tokens.claims()?.preferred_username).toBe('berta')
})
