/** Where push cannot be had the app says so in plain words, and does its job by socket, or by asking again and again. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../pwa/src/text/en.ts'
import { withoutWebSockets } from '../support/browser-chromium.ts'
import { approveInApp, enrolInApp, finalStatus, readOutcome } from '../support/person.ts'
import { type Stage, isMissing, setStage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage?.end())

describe.skipIf(isMissing('chromium')).concurrent('a browser that may not notify', () => {
  it('is told what that means, and approves while it is open', async () => {
    const { application } = stage.deployment
    const person = await stage.person()
    const phone = await stage.phone('chromium', { notifications: 'denied' })
    const { link } = await application.invite(person)
    const tab = await phone.browser().open(link)
    await tab.press('button', en.enrol.confirm)
    await tab.waitForScreen('notifications')
    await tab.press('button', en.notifications.turnOn)
    await tab.sees(en.notifications.denied)
    await tab.press('button', en.carryOn)
    await tab.sees(en.enrol.readyOpenBody)
    await tab.press('button', en.done)
    await tab.waitForScreen('home')

    const { transactionId, code } = await application.ask(person)
    const ended = finalStatus(application, transactionId)
    await approveInApp(tab, code)
    expect((await ended).challenge_status).toBe('accept')
    expect(phone.notifications.history).toEqual([])
    await phone.close()
  })

  it('finds the question by asking again where no socket can be had', async () => {
    const { application } = stage.deployment
    const person = await stage.person()
    const phone = await stage.phone('chromium', { notifications: 'denied' })
    await withoutWebSockets(phone.browser().context)
    const { link } = await application.invite(person)
    const tab = await enrolInApp(phone.browser(), link, { notifications: 'not now' })
    const { transactionId, code } = await application.ask(person)
    const ended = finalStatus(application, transactionId)
    await approveInApp(tab, code)
    expect(await readOutcome(tab)).toBe('approved')
    expect((await ended).challenge_status).toBe('accept')
    await phone.close()
  })
})

describe.skipIf(isMissing('chromium')).concurrent('a push service that never answers', () => {
  it('does not hold up the enrolment: after a while the app goes on without it', async () => {
    const { application } = stage.deployment
    const mute = createServer(() => {})
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const { port } = mute.address() as AddressInfo
    const silence = `http://127.0.0.1:${port}`
    const browserArguments = [
      `--gcm-checkin-url=${silence}/checkin`,
      `--gcm-registration-url=${silence}/register`,
    ]
    const phone = await stage.phone('chromium', { browserArguments })
    const person = await stage.person()
    const { link } = await application.invite(person)
    const tab = await phone.browser().open(link)
    await tab.press('button', en.enrol.confirm)
    await tab.waitForScreen('notifications')
    await tab.press('button', en.notifications.turnOn)
    await tab.sees(en.notifications.timed_out, 40_000)
    await tab.press('button', en.carryOn)
    await tab.sees(en.enrol.readyOpenBody)
    await tab.press('button', en.done)
    const { transactionId, code } = await application.ask(person)
    const ended = finalStatus(application, transactionId)
    await approveInApp(tab, code)
    expect((await ended).challenge_status).toBe('accept')
    await phone.close()
    mute.closeAllConnections()
    mute.close()
  })
})
