/** Moving to a new phone, in two browsers: scan or type, approve on the old one, held on the new one, and stopped. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { de } from '../../pwa/src/text/de.ts'
import { en } from '../../pwa/src/text/en.ts'
import { laterTexts } from '../../pwa/src/text/later-texts.ts'
import { axeViolations, keepPicture, overflowPixels } from '../support/axe.ts'
import { enrolInApp, readOutcome } from '../support/person.ts'
import { type Stage, isMissing, setStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import type { Tab } from '../support/tab.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage?.end())

const codeOn = (tab: Tab): Promise<string> =>
  until('a code', () =>
    tab.run(() => document.querySelector('.move-code')?.textContent?.replaceAll(' ', '')),
  )
const looks = [
  ['chromium', 'in German, by light', { language: 'de-DE' }, de, laterTexts.de.moves],
  ['firefox', 'in English, by dark', { dark: true }, en, laterTexts.en.moves],
] as const
describe.skipIf(isMissing('chromium')).each(looks)('to %s, %s', (engine, _, how, text, words) => {
  it.skipIf(isMissing(engine))(
    'adds the new phone, holds it, makes room for it, and stops it',
    async () => {
      const { application, url } = stage.deployment
      const look = { width: 360, height: 740, ...how }
      const inspect = async (tab: Tab, name: string) => {
        await keepPicture(tab, `moves-${engine}-${name}`)
        expect([name, await axeViolations(tab), await overflowPixels(tab)]).toEqual([name, [], 0])
      }
      // One of the two is pushed to, with a browser of its own.
      const rung = engine === 'chromium' ? await stage.phone('chromium', look) : null
      const old = rung ? rung.browser() : await stage.window('chromium', look)
      const person = await stage.person()
      const { link } = await application.invite(person)
      const notifications = rung ? 'turn on' : 'not now'
      const tab = await enrolInApp(old, link, { notifications, text })
      await tab.press('button', new RegExp(person.user))
      await tab.press('button', words.move)
      await tab.waitForScreen('move')
      const invitation = await codeOn(tab)
      await inspect(tab, 'invitation')

      // A Firefox is dark as a whole.
      const whole = engine === 'firefox' ? await stage.phone(engine, look) : null
      const fresh = whole ? whole.browser() : await stage.window(engine, look)
      const there = await fresh.open(`${url}/app`)
      await there.waitForScreen('start')
      await there.press('button', text.start.begin)
      await there.type(text.enrol.pasteLabel, invitation)
      await there.press('button', text.carryOn)
      await there.waitForScreen('confirm', 15_000)
      await there.press('button', text.enrol.confirm)
      await there.waitForScreen('waiting-for-old')
      const code = await codeOn(there)
      await inspect(there, 'waiting')

      await tab.waitForScreen('approve', 15_000)
      await inspect(tab, 'question')
      await tab.type(text.approve.codeOfDevice, code)
      await tab.press('button', text.approve.approve)
      expect(await readOutcome(tab)).toBe('approved')
      await tab.sees(text.approve.deviceAdded)
      await there.waitForScreen('notifications', 15_000)
      await there.press('button', text.notNow)
      await there.waitForScreen('ready', 30_000)
      await there.press('button', text.done)
      await there.sees(words.held('').split('.')[0] ?? '')
      await inspect(there, 'held')

      if (rung) {
        const asks = ({ body }: { body: string }) => body.endsWith(words.title)
        const { body, actions } = await rung.notifications.waitFor(asks, 15_000)
        expect(body).toContain(person.user)
        expect(
          Object.keys(actions).filter((name) => name !== 'default' && name !== 'settings'),
        ).toEqual([])
      }
      await tab.open(`${url}/app`)
      await tab.sees(words.title)
      await inspect(tab, 'news')
      await tab.press('button', words.leave)
      await tab.sees(words.stay)
      await inspect(tab, 'leaving')
      await tab.press('button', words.stay)
      await tab.sees(words.leave)
      await tab.press('button', words.stop)
      await there.sees(text.home.needsAttention)
      // The new phone hears it by socket, before the old one's list is back.
      await expect.poll(() => tab.has('button', words.stop), { timeout: 15_000 }).toBe(false)
      await (rung ?? old).close()
      await fresh.close()
    },
  )
})
