/** The six digits under an account: they come with the device, log in, and are there without a network. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { de } from '../../pwa/src/text/de.ts'
import { laterTexts } from '../../pwa/src/text/later-texts.ts'
import { axeViolations, overflowPixels } from '../support/axe.ts'
import { keptSecretKeys } from '../support/device-storage.ts'
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

/** The digits on the screen, while they are good for some seconds yet. */
const digitsOn = (tab: Tab): Promise<string> =>
  until('six digits', () =>
    tab.run(() => document.querySelector('.digits')?.textContent?.replace(/\D/g, '')),
  )

describe.each(engines)('%s', (engine) => {
  it.skipIf(isMissing(engine))('shows codes that log in, without a network too', async () => {
    const { application, url } = stage.deployment
    const browser = await stage.window(engine)
    const person = await stage.person()
    const begun = await application.initToken({ ...person, pin })
    const link = begun.envelope.detail?.enrolment_url ?? ''
    const tab = await enrolInApp(browser, link, { notifications: 'not now' })
    expect(await keptSecretKeys(tab)).toEqual([
      { algorithm: 'HMAC', extractable: false, usages: ['sign'], exported: [] },
    ])
    await tab.press('button', words.show)
    await tab.sees(words.warning)
    const first = await digitsOn(tab)
    expect(first).toMatch(/^\d{6}$/)
    const passes = async (pass: string) =>
      (await application.check({ ...person, pass })).envelope.result.value
    expect(await passes(pin + first)).toBe(true)
    expect(await passes(pin + first)).toBe(false)

    await expect
      .poll(() => tab.run(async () => (await navigator.serviceWorker.ready).active?.state))
      .toBe('activated')
    await stage.deployment.stop()
    const offline = await browser.open(`${url}/app`)
    await offline.waitForScreen('home')
    await offline.press('button', words.show)
    const another = await until(
      'the next code',
      async () => {
        const code = await digitsOn(offline)
        return code === first ? null : code
      },
      40_000,
    )
    await stage.deployment.start()
    expect(await passes(pin + another)).toBe(true)
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
    if (process.env['SCREENSHOTS'])
      await browser
        .pageOf(tab)
        .screenshot({ path: `${process.env['SCREENSHOTS']}/codes-de.png`, fullPage: true })
    await tab.press('button', laterTexts.de.codes.hide)
    expect(await tab.run(() => document.querySelector('.digits'))).toBeNull()
    await browser.close()
  })
})
