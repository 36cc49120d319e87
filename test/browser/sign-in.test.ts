/** The sign-in page in a real browser: at 320 px, told at once by events, clean by axe; and the application gets its code. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeViolations, overflowPixels } from '../support/axe.ts'
import { until } from '../support/until.ts'
import { type Stage, engines, isMissing, setStage } from '../support/stage.ts'
import type { Tab } from '../support/tab.ts'
import { enrol } from '../support/virtual-device.ts'

const password = 'a long and quiet password'
let stage: Stage
/** The application, as far as its callback. */
const application = createServer((_request, answer) => {
  answer.setHeader('Content-Type', 'text/html')
  answer.end('<!doctype html><title>Payroll</title><h1>You are back</h1>')
})
let callback: string
beforeAll(async () => {
  stage = await setStage()
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
  callback = `http://127.0.0.1:${(application.address() as AddressInfo).port}/callback`
})
afterAll(async () => {
  application.close()
  await stage?.end()
})

async function relyingParty(id: string) {
  const administrator = await stage.deployment.administrator()
  const call = async (path: string, body: object) => {
    const { status, envelope } = await administrator.call('POST', path, body)
    if (status !== 200) throw new Error(JSON.stringify(envelope))
    return envelope.result.value as Record<string, string>
  }
  await call(`/application/${id}`, { name: 'Payroll' })
  await call(`/application/${id}/openid`, { mode: 'whole_login', redirect_uris: callback })
  const { client_id: clientId, client_secret: secret } = await call(`/application/${id}/secret`, {})
  return openid.discovery(new URL(stage.deployment.url), clientId!, secret, undefined, {
    execute: [openid.allowInsecureRequests],
  })
}

/** Firefox tells the new address a moment after its page is drawn. */
async function addressWith(tab: Tab, parameter: string): Promise<URL | false> {
  const address = new URL(await tab.address())
  return address.searchParams.has(parameter) && address
}

describe.each(engines)('the sign-in page in %s', (engine) => {
  it.skipIf(isMissing(engine))(
    'fits, reads well, and goes on by itself when a device answers',
    async () => {
      const config = await relyingParty(`payroll-${engine}`)
      const person = await stage.person()
      await (await stage.deployment.administrator()).call('PUT', '/user/', { ...person, password })
      const { link: invitation } = await stage.deployment.application.invite(person)
      const device = await enrol(
        { origin: stage.deployment.url },
        { invitation, deviceName: 'Pixel' },
      )
      const browser = await stage.window(engine, { width: 320, height: 640 })
      const verifier = openid.randomPKCECodeVerifier()
      const address = openid.buildAuthorizationUrl(config, {
        redirect_uri: callback,
        scope: 'openid',
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      const tab = await browser.open(address.href)
      const isWell = async () =>
        expect([await axeViolations(tab), await overflowPixels(tab)]).toEqual([[], 0])
      await isWell()
      await tab.type('User name', person.user)
      await tab.type('Password', 'not this one')
      await tab.press('button', 'Continue')
      await tab.sees('not right')
      await isWell()
      await tab.type('Password', password)
      await tab.press('button', 'Continue')
      await tab.sees('Type this code on your device')
      await isWell()
      const code = await tab.run(() => document.querySelector('.code')?.textContent ?? '')
      const [open] = await device.list()
      await device.approve(open!, code)
      await tab.sees('You are back')
      const back = await until('the way back with a code', () => addressWith(tab, 'code'))
      const tokens = await openid.authorizationCodeGrant(config, back, {
        pkceCodeVerifier: verifier,
      })
      expect(tokens.claims()?.preferred_username).toBe(person.user)

      const again = await browser.open(`${address.href}&prompt=login&ui_locales=de`)
      await again.type('Benutzername', person.user)
      await again.type('Passwort', password)
      await again.press('button', 'Weiter')
      await again.sees('Tippe diesen Code auf deinem Gerät')
      await device.decline((await device.list()).at(0)!, 'not_me')
      await again.sees('Abgelehnt')
      expect([await axeViolations(again), await overflowPixels(again)]).toEqual([[], 0])
      await again.press('button', 'Zurück zu Payroll')
      await again.sees('You are back')
      const declined = await until('the way back without one', () => addressWith(again, 'error'))
      expect(declined.searchParams.get('error')).toBe('access_denied')
    },
  )
})
