/** Safari's engine, here without push: the app says so, and still does its job while it is open. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../pwa/src/text/en.ts'
import { type Browser, webkitPaths } from '../support/browser.ts'
import { launchWebkit } from '../support/browser-webkit.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { keptPrivateKeys } from '../support/device-storage.ts'
import { approveInApp, finalStatus, readOutcome } from '../support/person.ts'

describe.skipIf(webkitPaths() === null)('WebKitGTK', () => {
  let deployment: Deployment
  let browser: Browser
  beforeAll(async () => {
    deployment = await startDeployment()
    browser = await launchWebkit()
  })
  afterAll(async () => {
    await browser?.close()
    await deployment?.remove()
  })

  it('enrols, says that it has no notifications, approves while open, and keeps its key to itself', async () => {
    const { application, url } = deployment
    const person = { user: 'webkit', realm: 'default' }
    await application.createUser({ ...person, givenname: 'Anna', surname: 'Gruber' })
    const { link } = await application.invite(person)
    const tab = await browser.open(link)
    await tab.waitForScreen('confirm', 15_000)
    await tab.press('button', en.enrol.confirm)
    await tab.waitForScreen('ready', 15_000)
    await tab.sees(en.enrol.readyOpenBody)
    await tab.press('button', en.done)
    await tab.waitForScreen('home')
    await tab.sees(en.notifications.impossible)
    const { transactionId, code } = await application.ask(person)
    const ended = finalStatus(application, transactionId)
    await approveInApp(tab, code)
    expect(await readOutcome(tab)).toBe('approved')
    expect((await ended).challenge_status).toBe('accept')
    expect((await application.redeem(person, transactionId)).envelope.result.value).toBe(true)

    const keys = await keptPrivateKeys(tab)
    expect(keys).toHaveLength(1)
    expect(keys[0]).toMatchObject({ extractable: false, exported: [] })
    expect(await tab.address()).toBe(`${url}/app`)
  })
})
