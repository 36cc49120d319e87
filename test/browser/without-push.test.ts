/** Where push cannot be had the app says so in plain words, and does its job by socket, or by asking again and again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { en } from '../../pwa/src/text/en.ts'
import { withoutWebSockets } from '../support/browser-chromium.ts'
import { firefoxPath } from '../support/browser.ts'
import { approveInApp, enrolInApp, finalStatus, readOutcome } from '../support/person.ts'
import { type Stage, isMissing, setStage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage?.end())

describe.skipIf(isMissing('chromium'))('a browser that may not notify', () => {
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

    const { transactionId, code, notified } = await application.ask(person)
    expect(notified).toBe(false)
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

describe.skipIf(firefoxPath() === null)('a push service that never answers', () => {
  it('does not hold up the enrolment: after a while the app goes on without it', async () => {
    const { application } = stage.deployment
    const mute = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await new Promise((resolve) => mute.once('listening', resolve))
    const { port } = mute.address() as { port: number }
    const preferences = { 'dom.push.serverURL': `ws://127.0.0.1:${port}/` }
    const phone = await stage.phone('firefox', { preferences })
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
    mute.close()
  })
})
