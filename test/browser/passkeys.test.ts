/** Passkeys in a real browser with an authenticator that it believes in: added at /me, used at the sign-in page, removed again. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isFull } from '../full.ts'
import { axeViolations, keepPicture, overflowPixels } from '../support/axe.ts'
import { giveAuthenticator } from '../support/browser-authenticator.ts'
import { type Stage, isMissing, setStage } from '../support/stage.ts'
import type { Tab } from '../support/tab.ts'
import { until } from '../support/until.ts'
import { enrol } from '../support/virtual-device.ts'

const password = 'a long and quiet password'
const application = createServer((_request, answer) => {
  answer.setHeader('Content-Type', 'text/html')
  answer.end('<!doctype html><title>Payroll</title><h1>You are back</h1>')
})

describe.skipIf(isMissing('chromium'))('a passkey in chromium', () => {
  let stage: Stage
  let callback: string
  let config: openid.Configuration
  beforeAll(async () => {
    stage = await setStage()
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
    callback = `http://127.0.0.1:${(application.address() as AddressInfo).port}/callback`
    const administrator = await stage.deployment.administrator()
    const call = async (path: string, body: object) => {
      const { status, envelope } = await administrator.call('POST', path, body)
      if (status !== 200) throw new Error(JSON.stringify(envelope))
      return envelope.result.value as Record<string, string>
    }
    await call('/application/payroll', { name: 'Payroll' })
    await call('/application/payroll/openid', { mode: 'whole_login', redirect_uris: callback })
    const made = await call('/application/payroll/secret', {})
    config = await openid.discovery(
      ...([new URL(stage.deployment.url), made['client_id']!, made['client_secret']!] as const),
      undefined,
      { execute: [openid.allowInsecureRequests] },
    )
  })
  afterAll(async () => {
    application.close()
    await stage?.end()
  })

  async function isWell(tab: Tab, name: string): Promise<void> {
    await keepPicture(tab, `passkey-${name}`)
    expect([name, await axeViolations(tab), await overflowPixels(tab)]).toEqual([name, [], 0])
  }

  async function begin(more: Record<string, string> = {}) {
    const verifier = openid.randomPKCECodeVerifier()
    const address = openid.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: 'openid',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...more,
    })
    return { address: address.href, verifier }
  }

  it.each(isFull ? (['light', 'dark'] as const) : (['dark'] as const))(
    'is added at /me, signs in without a name at the page, and does so no more once it is removed (%s)',
    async (look) => {
      const person = await stage.person()
      const administrator = await stage.deployment.administrator()
      await administrator.call('PUT', '/user/', { ...person, password })
      const { link: invitation } = await stage.deployment.application.invite(person)
      const server = { origin: stage.deployment.url }
      const device = await enrol(server, { invitation, deviceName: 'Pixel' })
      const laptop = await stage.phone('chromium', {
        ...{ width: 320, height: 640 },
        dark: look === 'dark',
      })
      const tab = await laptop.browser().open('about:blank')
      const finger = await giveAuthenticator(laptop.browser(), tab)

      await tab.open(`${stage.deployment.url}/me`)
      await tab.type('User name', person.user)
      await tab.type('Password', password)
      await tab.press('button', 'Sign in')
      await tab.sees('Type this code on your device')
      const code = await tab.run(() => document.querySelector('.code')?.textContent ?? '')
      await device.approve((await device.list())[0]!, code)
      await tab.sees('Add a passkey')
      await finger.recognise(false)
      await tab.press('button', 'Add a passkey')
      await tab.sees('No passkey was made')
      await finger.recognise(true)
      await tab.press('button', 'Add a passkey')
      await tab.sees('The passkey is ready')
      await isWell(tab, `me-${look}`)
      const [kept] = await finger.credentials()
      expect(kept).toMatchObject({ isResidentCredential: true, rpId: 'localhost' })
      // One of the same account on the same device is enough.
      await tab.press('button', 'Add a passkey')
      await tab.sees('No passkey was made')

      const { address, verifier } = await begin()
      await tab.open(address)
      await tab.sees('Sign in with a passkey')
      await isWell(tab, `page-${look}`)
      await finger.recognise(false)
      await tab.press('button', 'Sign in with a passkey')
      await tab.sees('No passkey was used')
      await isWell(tab, `refused-${look}`)
      await finger.recognise(true)
      await tab.press('button', 'Sign in with a passkey')
      await tab.sees('You are back')
      const back = await until('the way back with a code', async () => {
        const now = new URL(await tab.address())
        return now.searchParams.has('code') && now
      })
      const tokens = await openid.authorizationCodeGrant(config, back, {
        pkceCodeVerifier: verifier,
      })
      expect(tokens.claims()).toMatchObject({
        preferred_username: person.user,
        acr: 'urn:countersign:two-factors',
        amr: ['pop', 'user', 'mfa'],
      })

      const query = `/token/?${new URLSearchParams({ user: person.user, tokentype: 'passkey', rollout_state: 'enrolled' })}`
      const list = await administrator.call('GET', query)
      const { tokens: listed } = list.envelope.result.value as { tokens: { serial: string }[] }
      expect(listed).toHaveLength(1)
      expect((await administrator.call('DELETE', `/token/${listed[0]?.serial}`)).status).toBe(200)
      await tab.open((await begin({ prompt: 'login', ui_locales: 'de' })).address)
      await tab.press('button', 'Mit einem Passkey anmelden')
      await tab.sees('Dieser Passkey wurde nicht angenommen')
      await isWell(tab, `german-${look}`)
      await tab.type('Benutzername', person.user)
      await tab.type('Passwort', password)
      await tab.press('button', 'Weiter')
      await tab.sees('Tippe diesen Code auf deinem Gerät')
      await laptop.close()
    },
    120_000,
  )

  it('is removed at /me by its holder, who may add another', async () => {
    const person = await stage.person()
    const administrator = await stage.deployment.administrator()
    await administrator.call('PUT', '/user/', { ...person, password })
    const { link: invitation } = await stage.deployment.application.invite(person)
    const device = await enrol(
      { origin: stage.deployment.url },
      { invitation, deviceName: 'Pixel' },
    )
    const laptop = await stage.phone('chromium', { width: 360, height: 740, language: 'de-DE' })
    const tab = await laptop.browser().open('about:blank')
    const finger = await giveAuthenticator(laptop.browser(), tab)
    await tab.open(`${stage.deployment.url}/me`)
    await tab.type('Benutzername', person.user)
    await tab.type('Passwort', password)
    await tab.press('button', 'Anmelden')
    await tab.sees('Tippe diesen Code auf deinem Gerät')
    const code = await tab.run(() => document.querySelector('.code')?.textContent ?? '')
    await device.approve((await device.list())[0]!, code)
    await tab.press('button', 'Passkey hinzufügen')
    await tab.sees('Der Passkey ist bereit')
    expect(await finger.credentials()).toHaveLength(1)
    await isWell(tab, 'me-german')
    await tab.press('button', 'Entfernen: Passkey')
    await tab.sees('Passkey entfernen?')
    await tab.sees('Lösche ihn auch dort')
    await isWell(tab, 'me-remove')
    await tab.press('button', 'Ja')
    await tab.sees('Entfernt.')
    expect(await tab.has('button', 'Entfernen: Passkey')).toBe(false)
    await tab.press('button', 'Passkey hinzufügen')
    await tab.sees('Der Passkey ist bereit')
    await laptop.close()
  })

  it('is offered by no page without scripts, and by no browser that knows none; the rest works all the same', async () => {
    const person = await stage.person()
    const administrator = await stage.deployment.administrator()
    await administrator.call('PUT', '/user/', { ...person, password })
    const laptop = await stage.phone('chromium', { width: 320, height: 640 })
    const { context, pageOf } = laptop.browser()
    const tab = await laptop.browser().open('about:blank')
    const session = await context.newCDPSession(pageOf(tab))
    await session.send('Emulation.setScriptExecutionDisabled', { value: true })
    await tab.open((await begin()).address)
    const visible = () => pageOf(tab).getByRole('button').allInnerTexts()
    expect(await visible()).toEqual(['Continue'])
    await keepPicture(tab, 'passkey-no-script')
    await session.send('Emulation.setScriptExecutionDisabled', { value: false })

    await session.send('Page.enable')
    const source = 'delete window.PublicKeyCredential'
    const { identifier } = await session.send('Page.addScriptToEvaluateOnNewDocument', { source })
    await tab.open((await begin()).address)
    expect(await visible()).toEqual(['Continue'])
    await tab.type('User name', person.user)
    await tab.type('Password', password)
    await tab.press('button', 'Continue')
    await tab.sees('You have no device here yet')
    await session.send('Page.removeScriptToEvaluateOnNewDocument', { identifier })
    await tab.open((await begin()).address)
    await tab.sees('Sign in with a passkey')
    expect(await visible()).toEqual(['Continue', 'Sign in with a passkey'])
    await laptop.close()
  })
})
