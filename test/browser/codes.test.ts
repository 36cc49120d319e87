/** The six digits under an account: they come with the device, log in, and are there without a network. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { de } from '../../pwa/src/text/de.ts'
import { laterTexts } from '../../pwa/src/text/later-texts.ts'
import { axeViolations, keepPicture, overflowPixels } from '../support/axe.ts'
import { keptSecretKeys } from '../support/device-storage.ts'
import type { Person } from '../support/application.ts'
import { enrolInApp } from '../support/person.ts'
import { type Stage, engines, isMissing, setStage } from '../support/stage.ts'
import type { Tab } from '../support/tab.ts'
import { until } from '../support/until.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage?.end())

const pin = '4711'
const words = laterTexts.en.codes

/** The digits on the screen, of one account or of the only one, while they are good for some seconds yet. */
function digitsOn(tab: Tab, account?: string): Promise<string> {
  const shown = account === undefined ? '' : `[aria-label^="${words.named(account)}:"]`
  return until('six digits', () =>
    tab.run(
      (selector) => document.querySelector(selector)?.textContent?.replace(/\D/g, ''),
      `.digits${shown}`,
    ),
  )
}

const codesShown = (): number => document.querySelectorAll('.digits').length

async function passes(person: Person, pass: string): Promise<unknown> {
  const { envelope } = await stage.deployment.application.check({ ...person, pass: pin + pass })
  return envelope.result.value
}

describe.each(engines)('%s', (engine) => {
  it.skipIf(isMissing(engine))('shows codes that log in, without a network too', async () => {
    const { application, url } = stage.deployment
    const browser = await stage.window(engine)
    const enrolled = async () => {
      const person = await stage.person()
      const begun = await application.initToken({ ...person, pin })
      const link = begun.envelope.detail?.enrolment_url ?? ''
      return { person, tab: await enrolInApp(browser, link, { notifications: 'not now' }) }
    }
    const { person, tab } = await enrolled()
    const key = { algorithm: 'HMAC', extractable: false, usages: ['sign'], exported: [] }
    expect(await keptSecretKeys(tab)).toEqual([key])
    await tab.press('button', words.show)
    await tab.sees(words.warning)
    const code = await digitsOn(tab)
    expect(code).toMatch(/^\d{6}$/)
    expect(await passes(person, code)).toBe(true)
    expect(await passes(person, code)).toBe(false)

    // Of another account: the next code of this one would be half a minute away.
    const { person: second, tab: later } = await enrolled()
    expect(await keptSecretKeys(later)).toEqual([key, key])
    await expect
      .poll(() => later.run(async () => (await navigator.serviceWorker.ready).active?.state))
      .toBe('activated')
    await stage.deployment.stop()
    const offline = await browser.open(`${url}/app`)
    await offline.waitForScreen('home')
    for (const opened of [1, 2]) {
      await offline.press('button', words.show)
      // What opens moves the button below it, from under a press that comes too soon.
      await until(`${opened} codes`, () =>
        offline.run(codesShown).then((shown) => shown === opened),
      )
    }
    const another = await digitsOn(offline, second.user)
    await stage.deployment.start()
    expect(await passes(second, another)).toBe(true)
    expect(await passes(second, another)).toBe(false)
    await browser.close()
  })
})

describe.skipIf(isMissing('chromium'))('at 360 pixels, dark, German', () => {
  it('is free of axe violations, fits, and hides again', async () => {
    const look = { width: 360, height: 740, language: 'de-DE', dark: true }
    const browser = await stage.window('chromium', look)
    const { application, url } = stage.deployment
    const { link } = await application.invite(await stage.person())
    const tab = await browser.open(`${url}/app`)
    await tab.open(link)
    await tab.waitForScreen('confirm', 15_000)
    await tab.press('button', de.enrol.confirm)
    await tab.waitForScreen('notifications')
    await tab.press('button', de.notNow)
    await tab.waitForScreen('ready', 30_000)
    await tab.press('button', de.done)
    await tab.press('button', laterTexts.de.codes.show)
    await digitsOn(tab)
    expect(await axeViolations(tab)).toEqual([])
    expect(await overflowPixels(tab)).toBe(0)
    await keepPicture(tab, 'codes-de')
    await tab.press('button', laterTexts.de.codes.hide)
    expect(await tab.run(() => document.querySelector('.digits'))).toBeNull()
    await browser.close()
  })
})
