/** Where approvals ask for a finger, a face or a PIN: it is added with the account, and nothing is approved without it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../pwa/src/text/en.ts'
import { giveAuthenticator } from '../support/browser-authenticator.ts'
import { approveInApp, finalStatus, readOutcome } from '../support/person.ts'
import { type Stage, isMissing, setStage } from '../support/stage.ts'
import type { Tab } from '../support/tab.ts'

describe.skipIf(isMissing('chromium'))('a deployment that asks for user verification', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
    const administrator = await stage.deployment.administrator()
    const { status } = await administrator.call('POST', '/policy/finger', {
      scope: 'authentication',
      realm: '',
      action: { push_user_verification: true },
    })
    expect(status).toBe(200)
  })
  afterAll(() => stage?.end())

  async function begin(recognised: boolean) {
    const person = await stage.person()
    const browser = await stage.window('chromium')
    const { link } = await stage.deployment.application.invite(person)
    const tab = await browser.open('about:blank')
    const finger = await giveAuthenticator(browser, tab, recognised)
    await tab.open(link)
    await tab.press('button', en.enrol.confirm)
    await tab.waitForScreen('verifier')
    await tab.press('button', en.verifier.add)
    return { person, browser, tab, finger }
  }

  async function finish(tab: Tab): Promise<void> {
    await tab.waitForScreen('notifications')
    await tab.press('button', en.notNow)
    await tab.press('button', en.done)
    await tab.waitForScreen('home')
  }

  it('approves with the finger that was added, and with no other', async () => {
    const { application } = stage.deployment
    const { person, browser, tab, finger } = await begin(true)
    await finish(tab)
    const { transactionId, code } = await application.ask(person)
    const ended = finalStatus(application, transactionId)
    await finger.recognise(false)
    await approveInApp(tab, code)
    await tab.sees(en.approve.failed.unconfirmed)
    expect((await application.poll(transactionId)).envelope.detail?.challenge_status).toBe(
      'pending',
    )
    await finger.recognise(true)
    await tab.press('button', en.approve.approve)
    expect(await readOutcome(tab)).toBe('approved')
    expect((await ended).challenge_status).toBe('accept')
    expect((await application.redeem(person, transactionId)).envelope.result.value).toBe(true)
    await browser.close()
  })

  it('does not ask a device that has none, and asks again once the person has added one', async () => {
    const { application } = stage.deployment
    const { person, browser, tab, finger } = await begin(false)
    await tab.sees(en.verifier.troubles.declined)
    await tab.press('button', en.verifier.without)
    await finish(tab)
    expect((await application.trigger(person)).envelope.result.value).toBe(0)

    await finger.recognise(true)
    await tab.open((await application.invite(person)).link)
    await tab.press('button', en.enrol.confirm)
    await tab.waitForScreen('verifier')
    await tab.press('button', en.verifier.add)
    await finish(tab)
    const { transactionId, code } = await application.ask(person)
    const ended = finalStatus(application, transactionId)
    await approveInApp(tab, code)
    expect((await ended).challenge_status).toBe('accept')
    await browser.close()
  })
})
