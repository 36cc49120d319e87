/** The first five minutes: the page that plays the login, the window that is the device; and where there is nothing to try. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeViolations, overflowPixels } from '../support/axe.ts'
import { startDeployment } from '../support/deployment.ts'
import { approveInApp, confirmInvitation } from '../support/person.ts'
import { type Stage, isMissing, pageEngines, setStage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage?.end())

describe.each(pageEngines)('Try it in %s', (engine) => {
  it.skipIf(isMissing(engine))(
    'leads to an approval, shows its milliseconds, and redeems it once',
    async () => {
      const phone = await stage.phone(engine, { width: 900, height: 900 })
      const browser = phone.browser()
      const login = await browser.open(stage.deployment.url)
      expect(await axeViolations(login)).toEqual([])
      await login.press('button', 'Enrol this browser')
      const device = await browser.waitForTab((address) => address.includes('/enrol'))
      await confirmInvitation(device)
      await login.sees(/Its name here is PIPU/)

      await login.press('button', 'Ask now')
      await login.sees('Type this code on your device')
      expect(await axeViolations(login)).toEqual([])
      const code = await login.run(() => document.querySelector('#code')?.textContent ?? '')
      expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}$/)
      await approveInApp(device, code)
      await login.sees('Approved')
      await login.sees('Redeemed. This approval is used up.')
      const known = await login.run(() => document.querySelector('#known-ms')?.textContent ?? '')
      expect(known).toMatch(/^(under 1|\d+) ms$/)
      expect(await axeViolations(login)).toEqual([])
      await login.press('button', 'Try to redeem it again')
      await login.sees('Refused, as it should be')

      await login.reload()
      await login.sees(/Its name here is PIPU/)
      await login.press('button', 'Ask now')
      await login.sees('Type this code on your device')
      await device.press('button', /wasn.t me/, 15_000)
      await login.sees('Declined')
      await phone.close()
    },
  )
})

describe.skipIf(isMissing('chromium'))('the pages in front of the app', () => {
  it('fit 360 pixels, in German too', async () => {
    const look = { width: 360, height: 740, language: 'de-DE', dark: true }
    const browser = await stage.window('chromium', look)
    const tab = await browser.open(stage.deployment.url)
    await tab.sees('Diesen Browser einrichten')
    expect(await overflowPixels(tab)).toBe(0)
    expect(await axeViolations(tab)).toEqual([])
    await browser.close()
  })

  it('say every sentence in both languages', async () => {
    const page = await (await fetch(stage.deployment.url)).text()
    const count = (language: string) => page.split(`lang="${language}">`).length
    expect(count('de')).toBe(count('en') - 1)
  })
})

describe('where others can come in', () => {
  it('there is nothing to try: a welcome, no key, no application', async () => {
    const open = await startDeployment({ publicUrl: 'https://sign.example.org' })
    try {
      const { listensAt } = open.server()
      const page = await (await fetch(listensAt)).text()
      expect(page).toContain('Open the app')
      expect(page).not.toContain('Enrol this browser')
      expect((await fetch(`${listensAt}/try/application.json`)).status).toBe(404)
    } finally {
      await open.remove()
    }
    expect((await fetch(`${stage.deployment.url}/try/application.json`)).status).toBe(200)
  })
})
