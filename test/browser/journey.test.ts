/** The main job, from the question to the used approval, in each browser with push: page open, page closed, browser closed, declined. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../pwa/src/text/en.ts'
import type { Application, Person } from '../support/application.ts'
import { approveInApp, asker, enrolInApp, finalStatus, readOutcome } from '../support/person.ts'
import {
  type Engine,
  type Phone,
  type Stage,
  engines,
  isMissing,
  setStage,
} from '../support/stage.ts'
import { until } from '../support/until.ts'

let stage: Stage
let application: Application
beforeAll(async () => {
  stage = await setStage()
  application = stage.deployment.application
})
afterAll(() => stage?.end())

const phones = new Map<Engine, Phone>()

/** One phone of each kind, on which one person after another enrols. */
async function enrolledOn(engine: Engine, person: Person) {
  const known = phones.get(engine)
  const phone = known ?? (await stage.phone(engine))
  phones.set(engine, phone)
  const { serial, link } = await application.invite(person)
  await enrolInApp(phone.browser(), link, { notifications: known ? 'as before' : 'turn on' })
  return { phone, serial }
}

async function leaveAllPages(phone: Phone): Promise<void> {
  for (const tab of await phone.browser().tabs()) await tab.open('about:blank')
}

describe.each(engines)('%s', (engine) => {
  describe.skipIf(isMissing(engine))('with a real push service', () => {
    let phone: Phone
    let person: Person

    /** What the notification on the screen must be about. */
    const isQuestion = ({ title, body }: { title: string; body: string }) =>
      title === asker && body.includes(person.user)
    const question = () => phone.notifications.waitFor(isQuestion)
    const isApp = (address: string) => address.startsWith(`${stage.deployment.url}/app`)

    async function redeemsOnce(transactionId: string): Promise<void> {
      const first = await application.redeem(person, transactionId)
      expect(first.envelope.result).toMatchObject({ value: true, authentication: 'ACCEPT' })
      const second = await application.redeem(person, transactionId)
      expect(second.envelope.result).toMatchObject({ value: false, authentication: 'REJECT' })
    }

    beforeAll(async () => {
      person = await stage.person(`anna-${engine}`)
      const enrolled = await enrolledOn(engine, person)
      const { serial } = enrolled
      phone = enrolled.phone
      const { envelope } = await application.token(serial)
      expect(envelope.result.value).toMatchObject({
        tokens: [{ serial, rollout_state: 'enrolled' }],
      })
    })

    it('brings a question by push to the open app; the code typed there lets the login in, once', async () => {
      const { transactionId, code, notified } = await application.ask(person)
      expect(notified).toBe(true)
      const ended = finalStatus(application, transactionId)
      phone.notifications.click(await question())
      const tab = await phone.browser().waitForTab(isApp)
      await approveInApp(tab, code)
      expect(await readOutcome(tab)).toBe('approved')
      expect((await ended).challenge_status).toBe('accept')
      await redeemsOnce(transactionId)
      await tab.press('button', en.done)
      await tab.waitForScreen('home')
    })

    it('opens the app from a notification when no page was open', async () => {
      await leaveAllPages(phone)
      const { transactionId, code } = await application.ask(person)
      const ended = finalStatus(application, transactionId)
      phone.notifications.click(await question())
      const tab = await phone.browser().waitForTab(isApp)
      await approveInApp(tab, code)
      expect((await ended).challenge_status).toBe('accept')
      await redeemsOnce(transactionId)
    })

    it('declines from the notification’s button without opening anything', async () => {
      await leaveAllPages(phone)
      const { transactionId } = await application.ask(person)
      const ended = finalStatus(application, transactionId)
      phone.notifications.press(await question(), en.push.notMe)
      expect((await ended).challenge_status).toBe('declined')
      const redeemed = await application.redeem(person, transactionId)
      expect(redeemed.envelope.result).toMatchObject({ value: false, authentication: 'DECLINED' })
      const open = await Promise.all((await phone.browser().tabs()).map((tab) => tab.address()))
      expect(open.filter(isApp)).toEqual([])
    })

    it('rings for the next question at once while the end of the last one stands, and the browser adds nothing of its own', async () => {
      await leaveAllPages(phone)
      const { transactionId } = await application.ask(person)
      await question()
      await application.cancel(transactionId)
      const called = ({ body }: { body: string }) => body.includes(en.elsewhere.cancelled(asker))
      await phone.notifications.waitFor(called)
      const askedAtMs = Date.now()
      const next = await application.ask(person)
      await question()
      expect(Date.now() - askedAtMs).toBeLessThan(2500)
      await expect
        .poll(() => phone.notifications.shown().some(called), { timeout: 10_000 })
        .toBe(false)
      const ours = phone.notifications.history.filter(({ title }) => title === asker)
      expect(phone.notifications.history).toEqual(ours)
      const tabs = await phone.browser().tabs()
      await tabs[0]!.open(`${stage.deployment.url}/app`)
      const ended = finalStatus(application, next.transactionId)
      await approveInApp(tabs[0]!, next.code)
      expect((await ended).challenge_status).toBe('accept')
      await redeemsOnce(next.transactionId)
      // Answered in the app, it asks no more from the screen.
      await expect
        .poll(() => phone.notifications.shown().filter(isQuestion), { timeout: 10_000 })
        .toEqual([])
    })

    it('keeps the question for a browser that is closed, and shows it when the browser is opened', async () => {
      await phone.close()
      const sentBefore = phone.push.attempts.length
      const { transactionId, code } = await application.ask(person)
      const ended = finalStatus(application, transactionId, 60_000)
      await expect.poll(() => phone.push.attempts.length).toBeGreaterThan(sentBefore)
      expect(phone.push.attempts.at(-1)).toMatchObject({
        status: 201,
        message: { urgency: 'high' },
      })
      expect(phone.push.attempts.at(-1)?.message?.ttlSeconds).toBeLessThanOrEqual(120)
      await phone.open()
      phone.notifications.click(await question())
      const tab = await phone.browser().waitForTab(isApp)
      await approveInApp(tab, code)
      expect((await ended).challenge_status).toBe('accept')
      await redeemsOnce(transactionId)
    })
  })
})

describe.skipIf(isMissing('firefox'))('a question that is sent again', () => {
  it('takes the place of the one that still waits at the push service', async () => {
    const person = await stage.person('anna-again')
    const { phone } = await enrolledOn('firefox', person)
    await phone.close()
    const sentBefore = phone.push.attempts.length
    const { transactionId, code } = await application.ask(person)
    const ended = finalStatus(application, transactionId, 60_000)
    // Whoever presses again at once is asked to wait some seconds.
    await until(
      'the second message',
      async () => (await application.resend(transactionId)).envelope.result.status,
      20_000,
    )
    await until('both messages', () => phone.push.attempts.length === sentBefore + 2)
    await phone.open()
    const isQuestion = ({ body }: { body: string }) => body.includes(person.user)
    phone.notifications.click(await phone.notifications.waitFor(isQuestion))
    const tab = await phone.browser().waitForTab((address) => address.includes('/app'))
    await approveInApp(tab, code)
    expect((await ended).challenge_status).toBe('accept')
    expect(phone.notifications.history.filter(isQuestion)).toHaveLength(1)
  })
})

describe.skipIf(engines.some(isMissing))('two devices of one person', () => {
  it('both ring; once one has answered, the other says so and stops asking', async () => {
    const person = await stage.person('anna-with-two')
    const { phone: first } = await enrolledOn('chromium', person)
    const { phone: second } = await enrolledOn('firefox', person)
    await leaveAllPages(first)
    await leaveAllPages(second)
    const { transactionId, code } = await application.ask(person)
    const ended = finalStatus(application, transactionId)
    const isQuestion = ({ body }: { body: string }) => body.includes(person.user)
    await second.notifications.waitFor(isQuestion)
    first.notifications.click(await first.notifications.waitFor(isQuestion))
    const tab = await first.browser().waitForTab((address) => address.includes('/app'))
    await approveInApp(tab, code)
    expect((await ended).challenge_status).toBe('accept')
    await second.notifications.waitFor(({ body }) => body.includes(en.outcome.approved.title))
    expect(second.notifications.shown().some(isQuestion)).toBe(false)
    await expect.poll(() => second.notifications.shown().length, { timeout: 10_000 }).toBe(0)
  })
})

describe('the worker', () => {
  it('asked the network for nothing but the push services', () => {
    expect(stage.deployment.strayRequests).toEqual([])
  })
})
