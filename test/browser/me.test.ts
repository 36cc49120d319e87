/** A person's own page in real browsers: from a one-time code to a first device, and from there by that device's approval. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../pwa/src/text/en.ts'
import { axeViolations, overflowPixels } from '../support/axe.ts'
import { enrolInApp } from '../support/person.ts'
import { type Stage, engines, isMissing, setStage } from '../support/stage.ts'
import type { Tab } from '../support/tab.ts'
import { enrol } from '../support/virtual-device.ts'

const password = 'a long and quiet password'
let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage?.end())

const textOf = (tab: Tab, selector: string): Promise<string> =>
  tab.run((found: string) => document.querySelector(found)?.textContent ?? '', selector)

async function isWell(tab: Tab, name: string): Promise<void> {
  await tab.picture(join(tmpdir(), `me-${name}.png`))
  expect([name, await axeViolations(tab), await overflowPixels(tab)]).toEqual([name, [], 0])
}

describe.each(engines)('/me in %s', (engine) => {
  it.skipIf(isMissing(engine))(
    'leads from a one-time code to a device, recovery codes, a lost device and its end',
    async () => {
      const person = await stage.person()
      const administrator = await stage.deployment.administrator()
      await administrator.call('PUT', '/user/', { ...person, password })
      const given = { type: 'registration', ...person }
      const made = await administrator.call('POST', '/token/init', given)
      const once = String(made.envelope.detail?.['registrationcode'])
      const phone = await stage.window(engine)
      const laptop = await stage.window(engine, { width: 360, height: 740 })
      const tab = await laptop.open(`${stage.deployment.url}/me`)
      await tab.waitForScreen('sign-in')
      await isWell(tab, `${engine}-sign-in`)
      await tab.type('User name', person.user)
      await tab.type('Password', 'not this one')
      await tab.press('button', 'Sign in')
      await tab.sees('That was not right')
      await tab.type('Password', password)
      await tab.press('button', 'I have a one-time code from an administrator')
      await tab.type('One-time code', once)
      await tab.press('button', 'Sign in')
      await tab.sees('You have no device yet')
      await isWell(tab, `${engine}-empty`)

      await tab.press('button', 'Add a device')
      await tab.waitForScreen('add')
      expect(await textOf(tab, '.typed')).toMatch(/^[0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4}$/)
      await isWell(tab, `${engine}-add`)
      const link = await textOf(tab, '.link')
      const app = await enrolInApp(phone, link, { notifications: 'not now' })
      await tab.sees('The new device is ready')
      await isWell(tab, `${engine}-home`)

      await tab.press('button', /^Rename/)
      await tab.run(() => (document.querySelector<HTMLInputElement>('.device input')!.value = ''))
      await tab.type(/^New name for/, 'Blue phone')
      await tab.press('button', 'Save')
      await tab.sees('Renamed.')
      expect(await textOf(tab, '.device h2')).toBe('Blue phone')

      await tab.press('button', 'Make recovery codes')
      await tab.waitForScreen('codes')
      const codes = await tab.run(() =>
        [...document.querySelectorAll('.paper code')].map((code) => code.textContent ?? ''),
      )
      expect(new Set(codes).size).toBe(10)
      await isWell(tab, `${engine}-codes`)
      await tab.press('button', 'I have kept them')
      await tab.sees('10 codes are left')
      expect(await tab.text()).not.toContain(codes[0])

      // What is open is forgotten with the page, and nowhere kept.
      expect(
        await tab.run(() => JSON.stringify({ ...localStorage, ...sessionStorage })),
      ).not.toMatch(/eyJ/)
      await tab.reload()
      await tab.waitForScreen('sign-in')
      await tab.type('User name', person.user)
      await tab.type('Password', password)
      await tab.press('button', 'Sign in')
      await tab.sees('Type this code on your device')
      await isWell(tab, `${engine}-question`)
      const code = await textOf(tab, '.code')
      await app.waitForScreen('approve', 15_000)
      await app.type(en.approve.code('Countersign'), code)
      await app.press('button', en.approve.approve)
      await tab.sees(`Signed in as ${person.user}`)

      await tab.sees('Sign-in to this page')
      await isWell(tab, `${engine}-requests`)
      await tab.press('button', /^It wasn’t me/)
      await tab.sees('Say that this wasn’t you?')
      await isWell(tab, `${engine}-not-me`)
      await tab.press('button', 'Yes')
      await tab.waitForScreen('reported')
      await tab.sees('You are signed out everywhere but here')
      await isWell(tab, `${engine}-reported`)
      await tab.press('button', 'To your devices')
      await tab.sees('You said that it wasn’t you')

      await tab.press('button', /^I lost it/)
      await tab.sees('Is Blue phone lost?')
      await isWell(tab, `${engine}-lost`)
      await tab.press('button', 'Yes')
      await tab.sees('Marked as lost')
      await tab.press('button', /^I found it again/)
      await tab.sees('It may approve again')
      await tab.press('button', /^Remove/)
      await tab.sees('Remove Blue phone?')
      await tab.press('button', 'Cancel')
      expect(await textOf(tab, '.device h2')).toBe('Blue phone')
      await tab.press('button', /^Remove/)
      await tab.press('button', 'Yes')
      await tab.sees('You have no device yet')
      await laptop.close()
      await phone.close()
    },
    // Two browsers and an app on a machine that others use as well.
    240_000,
  )
})

describe.skipIf(isMissing('chromium'))('/me in German', () => {
  it('fits 360 pixels in the dark, and says that the device declined', async () => {
    const person = await stage.person()
    const administrator = await stage.deployment.administrator()
    await administrator.call('PUT', '/user/', { ...person, password })
    const look = { width: 360, height: 740, language: 'de-DE', dark: true }
    const browser = await stage.window('chromium', look)
    const { link } = await stage.deployment.application.invite(person)
    const tab = await browser.open(`${stage.deployment.url}/me`)
    await tab.waitForScreen('sign-in')
    await isWell(tab, 'german-sign-in')
    const device = await enrol(
      { origin: stage.deployment.url },
      { invitation: link, deviceName: 'Pixel' },
    )
    await tab.type('Benutzername', person.user)
    await tab.type('Passwort', password)
    await tab.press('button', 'Anmelden')
    await tab.sees('Tippe diesen Code auf deinem Gerät')
    await device.decline((await device.list())[0]!, 'not_me')
    await tab.sees('Abgelehnt.')
    await isWell(tab, 'german-declined')
    await tab.press('button', 'Von vorn')
    await tab.waitForScreen('sign-in')
    await browser.close()
  })
})
