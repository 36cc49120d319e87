/** OpenID Connect, by a client that nobody here wrote: a whole login, and what of it is good once. */
import * as openid from 'openid-client'
import { beforeAll, describe, expect, it } from 'vitest'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, deployment, origin } from './deployment.ts'
import {
  type RelyingParty,
  approve,
  beginning,
  browser,
  callback,
  newRelyingParty,
  password,
} from './openid-parties.ts'

let d: Deployment
let party: RelyingParty
let device: VirtualDevice
beforeAll(async () => {
  d = await deployment()
  await d.person('anna', { password, givenname: 'Anna', surname: 'Egger', email: 'a@example.org' })
  device = await d.device('anna')
  party = await newRelyingParty(d, { mode: 'whole_login' })
})

/** As far as the browser is back at the application. */
async function signIn(more: Record<string, string> = {}, by: RelyingParty = party) {
  const { parameters, checks } = await beginning(more)
  const person = browser(d)
  await person.go(openid.buildAuthorizationUrl(by.config, parameters))
  await person.submit({ username: 'anna', password })
  await approve(person, device)
  const { url } = await person.go(person.page.url)
  return { url, checks, person }
}

describe('a whole login', () => {
  it('ends with tokens that say who it was and by what', async () => {
    const { url, checks } = await signIn()
    expect(url.origin + url.pathname).toBe(callback)
    const tokens = await openid.authorizationCodeGrant(party.config, url, checks)
    const claims = tokens.claims()!
    expect(claims).toMatchObject({
      iss: origin,
      aud: party.clientId,
      preferred_username: 'anna',
      name: 'Anna Egger',
      email: 'a@example.org',
      acr: 'urn:countersign:two-factors',
      amr: ['pwd', 'swk', 'user', 'mfa'],
    })
    const user = await openid.fetchUserInfo(party.config, tokens.access_token, claims.sub)
    expect(user).toMatchObject({ preferred_username: 'anna', given_name: 'Anna' })
  })
})
