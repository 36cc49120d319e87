/** A new version of the app comes when the person wants it, and never takes a question out of their hands. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../pwa/src/text/en.ts'
import { type Between, startBetween } from '../support/between.ts'
import { approveInApp, enrolInApp, readOutcome } from '../support/person.ts'
import { type Stage, engines, isMissing, setStage } from '../support/stage.ts'
import type { Tab } from '../support/tab.ts'
import { until } from '../support/until.ts'

let between: Between
let stage: Stage
beforeAll(async () => {
  between = await startBetween()
  stage = await setStage({ publicUrl: between.url })
  between.passOnTo(stage.deployment.server().port)
})
afterAll(async () => {
  await stage?.end()
  await between?.close()
})

const workerState = (tab: Tab, which: 'active' | 'waiting') =>
  tab.run(
    async (name) => (await navigator.serviceWorker.ready)[name as 'active']?.state ?? 'none',
    which,
  )

describe.each(engines)('%s', (engine) => {
  it.skipIf(isMissing(engine))(
    'offers a new version only after the open question is answered, and takes it at the person’s word',
    async () => {
      const { application } = stage.deployment
      const browser = await stage.window(engine)
      const person = await stage.person()
      const { link } = await application.invite(person)
      const tab = await enrolInApp(browser, link, { notifications: 'not now' })
      await until(
        'the first service worker',
        async () => (await workerState(tab, 'active')) === 'activated',
      )
      const { code } = await application.ask(person)
      await tab.waitForScreen('approve')

      between.change.set('/sw.js', (text) => `${text}\n// newer for ${engine}`)
      await tab.run(async () => void (await (await navigator.serviceWorker.ready).update()))
      await until('the next one', async () => (await workerState(tab, 'waiting')) === 'installed')
      expect(await tab.text()).not.toContain(en.update.ready)
      await approveInApp(tab, code)
      expect(await readOutcome(tab)).toBe('approved')
      await tab.press('button', en.done)

      await tab.sees(en.update.ready)
      await tab.press('button', en.update.now)
      await until('the change', async () => (await workerState(tab, 'waiting')) === 'none')
      await tab.waitForScreen('home')
      expect(await tab.text()).not.toContain(en.update.ready)
      await browser.close()
    },
  )
})
