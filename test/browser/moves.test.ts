/** Moving to a new phone, in two browsers: scan or type, approve on the old one, held on the new one, and stopped. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../pwa/src/text/en.ts'
import { laterTexts } from '../../pwa/src/text/later-texts.ts'
import { axeViolations, overflowPixels } from '../support/axe.ts'
import { enrolInApp, readOutcome } from '../support/person.ts'
import { type Stage, isMissing, setStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import type { Tab } from '../support/tab.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage?.end())

const words = laterTexts.en.moves
const look = { width: 360, height: 740, dark: true }
const codeOn = (tab: Tab): Promise<string> =>
  until('a code', () =>
    tab.run(() => document.querySelector('.move-code')?.textContent?.replaceAll(' ', '')),
  )
async function inspect(tab: Tab): Promise<void> {
  expect(await axeViolations(tab)).toEqual([])
  expect(await overflowPixels(tab)).toBe(0)
}

const second = ['chromium', 'firefox'] as const
describe.skipIf(isMissing('chromium')).each(second)('to %s', (engine) => {
  it.skipIf(isMissing(engine))('adds the new phone, holds it, and stops it', async () => {
    const { application, url } = stage.deployment
    const old = await stage.window('chromium', look)
    const person = await stage.person()
    const { link } = await application.invite(person)
    const tab = await enrolInApp(old, link, { notifications: 'not now' })
    await tab.press('button', new RegExp(person.user))
    await tab.press('button', words.move)
    await tab.waitForScreen('move')
    const invitation = await codeOn(tab)
    await inspect(tab)

    // A Firefox is dark as a whole.
    const whole = engine === 'firefox' ? await stage.phone(engine, look) : null
    const fresh = whole ? whole.browser() : await stage.window(engine, look)
    const there = await fresh.open(`${url}/app`)
    await there.waitForScreen('start')
    await there.press('button', en.start.begin)
    await there.type(en.enrol.pasteLabel, invitation)
    await there.press('button', en.carryOn)
    await there.waitForScreen('confirm', 15_000)
    await there.press('button', en.enrol.confirm)
    await there.waitForScreen('waiting-for-old')
    const code = await codeOn(there)
    await inspect(there)

    await tab.waitForScreen('approve', 15_000)
    await inspect(tab)
    await tab.type(en.approve.codeOfDevice, code)
    await tab.press('button', en.approve.approve)
    expect(await readOutcome(tab)).toBe('approved')
    await tab.sees(en.approve.deviceAdded)
    await there.waitForScreen('notifications', 15_000)
    await there.press('button', en.notNow)
    await there.waitForScreen('ready', 30_000)
    await there.press('button', en.done)
    await there.sees(/may approve from/)
    await inspect(there)

    await tab.open(`${url}/app`)
    await tab.sees(words.title)
    await inspect(tab)
    await tab.press('button', words.stop)
    await there.sees(en.home.needsAttention)
    // The new phone hears it by socket, before the old one's list is back.
    await expect.poll(() => tab.has('button', words.stop), { timeout: 15_000 }).toBe(false)
    await old.close()
    await fresh.close()
  })
})
