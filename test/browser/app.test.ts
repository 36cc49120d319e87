/** The installed app as a thing: its size, its screens at 360 pixels, its start without a network, its key. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { de } from '../../pwa/src/text/de.ts'
import { en } from '../../pwa/src/text/en.ts'
import { axeViolations, overflowPixels } from '../support/axe.ts'
import type { Browser } from '../support/browser.ts'
import { keptPrivateKeys } from '../support/device-storage.ts'
import { approveInApp, asker, enrolInApp, finalStatus, readOutcome } from '../support/person.ts'
import { type Stage, engines, isMissing, setStage } from '../support/stage.ts'
import type { Tab } from '../support/tab.ts'

const firstLoadLimitBytes = 40_000

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage?.end())

async function enrolled(browser: Browser) {
  const person = await stage.person()
  const { link } = await stage.deployment.application.invite(person)
  const tab = await enrolInApp(browser, link, { notifications: 'not now' })
  return { person, tab }
}

describe.each(engines)('%s', (engine) => {
  it.skipIf(isMissing(engine))(
    'keeps a key that nobody can take out, and that still signs',
    async () => {
      const browser = await stage.window(engine)
      const { person, tab } = await enrolled(browser)
      const keys = await keptPrivateKeys(tab)
      expect(keys).toEqual([
        { algorithm: 'ECDSA', extractable: false, usages: ['sign'], exported: [] },
      ])
      const { transactionId, code } = await stage.deployment.application.ask(person)
      const ended = finalStatus(stage.deployment.application, transactionId)
      await approveInApp(tab, code)
      expect((await ended).challenge_status).toBe('accept')
      await browser.close()
    },
  )

  it.skipIf(isMissing(engine))(
    'starts without a network, and goes on when it is back',
    async () => {
      const browser = await stage.window(engine)
      const { person, tab } = await enrolled(browser)
      await expect
        .poll(() => tab.run(async () => (await navigator.serviceWorker.ready).active?.state))
        .toBe('activated')
      await stage.deployment.stop()
      const offline = await browser.open(`${stage.deployment.url}/app`)
      await offline.waitForScreen('home')
      await offline.sees(person.user)
      await stage.deployment.start()
      const { transactionId, code } = await stage.deployment.application.ask(person)
      const ended = finalStatus(stage.deployment.application, transactionId, 60_000)
      await offline.waitForScreen('approve', 45_000)
      await approveInApp(offline, code)
      expect((await ended).challenge_status).toBe('accept')
      await browser.close()
    },
  )
})

describe.skipIf(isMissing('chromium'))('a browser that cleared its keys', () => {
  it('is noticed: the app says what happened and what to do', async () => {
    const browser = await stage.window('chromium')
    const { tab } = await enrolled(browser)
    await tab.run(async () => {
      const opening = indexedDB.open('countersign')
      await new Promise((resolve) => opening.addEventListener('success', resolve))
      const clearing = opening.result.transaction('keys', 'readwrite').objectStore('keys').clear()
      await new Promise((resolve) => clearing.addEventListener('success', resolve))
      opening.result.close()
    })
    await tab.reload()
    await tab.sees(en.home.needsAttention)
    await tab.press('button', new RegExp(en.home.needsAttention))
    await tab.sees(en.account.standing.key_lost.title)
    await browser.close()
  })
})

describe.skipIf(isMissing('chromium'))('the first load', () => {
  it('brings at most 40 kB of script, compressed, and can be installed', async () => {
    const phone = await stage.phone('chromium')
    const tab = await phone.browser().open('about:blank')
    const page = phone.browser().pageOf(tab)
    const scripts = new Map<string, number>()
    page.on('response', (response) => {
      if (response.request().resourceType() !== 'script') return
      void response.body().then((body) => scripts.set(response.url(), gzipSync(body).length))
    })
    await tab.open(`${stage.deployment.url}/app`)
    await tab.waitForScreen('start')
    await tab.run(async () => void (await navigator.serviceWorker.ready))
    const bytes = [...scripts.values()].reduce((sum, one) => sum + one, 0)
    expect(bytes).toBeGreaterThan(1000)
    expect(bytes).toBeLessThanOrEqual(firstLoadLimitBytes)

    const session = await phone.browser().context.newCDPSession(page)
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
    expect(installabilityErrors).toEqual([])
    await phone.close()
  })
})

const looks = [
  { name: 'light, English', language: 'en-GB', dark: false, text: en },
  { name: 'dark, German', language: 'de-DE', dark: true, text: de },
]
describe.skipIf(isMissing('chromium')).each(looks)(
  'at 360 pixels, $name',
  ({ language, dark, text }) => {
    it('every screen is free of axe violations and fits', async () => {
      const browser = await stage.window('chromium', { width: 360, height: 740, language, dark })
      const { application, url } = stage.deployment
      const tab = await browser.open(`${url}/app`)
      const seen: string[] = []
      const inspect = async (screen: string, on: Tab = tab) => {
        await on.waitForScreen(screen, 15_000)
        expect(await axeViolations(on), screen).toEqual([])
        expect(await overflowPixels(on), screen).toBe(0)
        seen.push(screen)
      }
      const person = await stage.person()
      const { code: invitation } = await application.invite(person)
      await inspect('start')
      await tab.press('button', text.start.begin)
      await inspect('enrol')
      await tab.type(text.enrol.pasteLabel, 'not an invitation')
      await tab.press('button', text.carryOn)
      await tab.sees(text.enrol.problems.not_an_invitation)
      await inspect('enrol')
      await tab.reload()
      await tab.press('button', text.start.begin)
      await tab.type(text.enrol.pasteLabel, invitation)
      await tab.press('button', text.carryOn)
      await inspect('confirm')
      await tab.press('button', text.enrol.confirm)
      await inspect('notifications')
      await tab.press('button', text.notNow)
      await inspect('ready')
      await tab.press('button', text.done)
      await inspect('home')

      const { code } = await application.ask(person)
      await inspect('approve')
      await tab.type(text.approve.code(asker), code)
      await inspect('approve')
      await tab.press('button', text.approve.approve)
      expect(await readOutcome(tab)).toBe('approved')
      await inspect('outcome')
      await tab.press('button', text.done)
      await tab.press('button', text.home.history)
      await inspect('history')
      await tab.sees(text.history.results.approved)
      await tab.open(`${url}/app#settings`)
      await inspect('settings')
      await tab.open(`${url}/app`)
      await tab.waitForScreen('home')
      await tab.press('button', new RegExp(person.user))
      await inspect('account')
      await tab.open(`${url}/app`)

      await application.ask(person)
      await application.ask(person)
      const other = await browser.open(`${url}/app`)
      await inspect('waiting', other)
      expect(new Set(seen).size).toBe(12)
      await browser.close()
    })
  },
)
