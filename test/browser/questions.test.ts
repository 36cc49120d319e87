/** What a device shows and signs: only genuine questions, only as they still stand, each with its own code. */
import type { BrowserContext, Disposable } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { en } from '../../pwa/src/text/en.ts'
import { sign } from '../../schema/jws.ts'
import { typ } from '../../schema/signing.ts'
import { withoutWebSockets } from '../support/browser-chromium.ts'
import type { Application, Person } from '../support/application.ts'
import { keepQuestions, keptDeviceIds, keptQuestions } from '../support/device-storage.ts'
import {
  approveInApp,
  asker,
  enrolInApp,
  finalStatus,
  readOutcome,
  turnOnNotifications,
} from '../support/person.ts'
import { type Phone, type Stage, isMissing, setStage } from '../support/stage.ts'
import type { Tab } from '../support/tab.ts'
import { pause } from '../support/until.ts'
import { deviceKeys } from '../support/virtual-device.ts'

describe.skipIf(isMissing('chromium'))('the app', () => {
  let stage: Stage
  let application: Application
  let phone: Phone<'chromium'>
  let context: BrowserContext
  let person: Person
  let tab: Tab

  /** Ends what a test did to the sockets. */
  let deafness: Disposable | null = null

  beforeAll(async () => {
    stage = await setStage()
    application = stage.deployment.application
    phone = await stage.phone('chromium')
    context = phone.browser().context
  })
  afterAll(() => stage?.end())

  beforeEach(async () => {
    await deafness?.dispose()
    deafness = null
    await letPass()
    for (const shown of phone.notifications.shown()) phone.notifications.dismiss(shown)
    await phone.browser().forget(stage.deployment.url)
    person = await stage.person()
    const { link } = await application.invite(person)
    tab = await enrolInApp(phone.browser(), link, { notifications: 'not now' })
  })

  /** No word by socket any more, until the test is over. */
  async function silence(): Promise<void> {
    deafness ??= await withoutWebSockets(context)
    await tab.reload()
  }

  /** Nothing is meddled with any more; what was under way belongs to a page that may be gone. */
  const letPass = () => context.unrouteAll({ behavior: 'ignoreErrors' })

  /** Someone between server and app changes what the app is sent. */
  async function meddle(
    path: RegExp,
    change: (body: string) => string,
  ): Promise<() => Promise<void>> {
    await silence()
    await context.route(path, async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, body: change(await response.text()) })
    })
    return letPass
  }

  /** Another account in the claims, the signature as it was. */
  function tamper(body: string): string {
    return body.replace(/[\w-]+\.([\w-]+)\.[\w-]+/g, (jws, claims: string) => {
      const read = JSON.parse(Buffer.from(claims, 'base64url').toString())
      const changed = { ...read, account: 'mallory', text: 'Evil' }
      return jws.replace(claims, Buffer.from(JSON.stringify(changed)).toString('base64url'))
    })
  }

  async function pushToServiceWorker(payload: object): Promise<void> {
    const session = await context.newCDPSession(phone.browser().pageOf(tab))
    const registration = new Promise<string>((resolve) => {
      session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const [found] = registrations.filter(({ isDeleted }) => !isDeleted)
        if (found) resolve(found.registrationId)
      })
    })
    await session.send('ServiceWorker.enable')
    const origin = stage.deployment.url
    const data = JSON.stringify(payload)
    const registrationId = await registration
    await session.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data })
    await session.detach()
  }

  it('shows nothing of a question that was changed on its way, and the genuine one once it comes', async () => {
    const stop = await meddle(/\/device\/challenges$/, tamper)
    // A list that the page had asked for before is still without it.
    const asked = context.waitForEvent(
      'response',
      async (response) =>
        response.url().endsWith('/device/challenges') && (await response.text()).includes('.'),
    )
    const { transactionId, code } = await application.ask(person)
    await asked
    await pause(1000)
    expect(await tab.text()).not.toMatch(/mallory|Evil/)
    await tab.waitForScreen('home')
    await stop()
    const ended = finalStatus(application, transactionId)
    await approveInApp(tab, code)
    expect((await ended).challenge_status).toBe('accept')
  })

  it('shows a neutral notification for a push whose question the server did not sign', async () => {
    await turnOnNotifications(tab)
    const [device = ''] = await keptDeviceIds(tab)
    await tab.open('about:blank')
    tab = await phone.browser().open(`${stage.deployment.url}/healthz/livez`)
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: stage.deployment.url,
      aud: device,
      challenge: 'forged',
      iat: now,
      exp: now + 120,
      application: { id: 'evil', name: 'Evil Corp' },
      account: 'mallory',
      origin: { how: 'server' },
      match: 'none',
    }
    const { privateKey } = await deviceKeys()
    const keys = await (await fetch(`${stage.deployment.url}/device/keys`, protocol)).json()
    const kid = JSON.parse(Buffer.from(keys.links[0].split('.')[0], 'base64url').toString()).kid
    const jws = await sign(typ.challenge, claims, { key: privateKey, kid })
    const notification = {
      title: 'Evil',
      body: 'Evil',
      navigate: stage.deployment.url,
      tag: 'evil',
    }
    const countersign = { device, challenge: 'forged', jws }
    await pushToServiceWorker({ web_push: 8030, mutable: true, notification, countersign })
    const { title, body } = await phone.notifications.waitFor(() => true)
    expect(title).toBe(en.push.neutralTitle)
    expect(body).toContain(en.push.neutralBody)
    expect(`${title}${body}`).not.toMatch(/Evil|mallory/)

    await application.ask(person)
    const genuine = await phone.notifications.waitFor((shown) => shown.title === asker)
    expect(genuine.body).toContain(person.user)
  })

  describe('that a push brought', () => {
    const list = /\/device\/challenges/
    beforeEach(async () => {
      await turnOnNotifications(tab)
      await silence()
      await tab.open('about:blank')
    })
    const rung = () => phone.notifications.waitFor(({ body }) => body.includes(person.user))

    it('stands there before the network answers, and is approved once it does', async () => {
      const { transactionId, code } = await application.ask(person)
      const ended = finalStatus(application, transactionId)
      await rung()
      await context.route(list, (route) => route.abort())
      await tab.open(`${stage.deployment.url}/app`)
      await tab.waitForScreen('approve')
      await tab.sees(person.user)
      await context.unroute(list)
      await approveInApp(tab, code)
      expect((await ended).challenge_status).toBe('accept')
      await tab.press('button', en.done)
      await tab.reload()
      await tab.waitForScreen('home')
    })

    it('is not shown where what the device keeps of it was changed', async () => {
      const { transactionId, code } = await application.ask(person)
      const ended = finalStatus(application, transactionId)
      await rung()
      await tab.open(`${stage.deployment.url}/healthz/livez`)
      const kept = await keptQuestions(tab)
      await keepQuestions(tab, tamper(kept))
      await context.route(list, (route) => route.abort())
      await tab.open(`${stage.deployment.url}/app`)
      await tab.waitForScreen('home')
      await pause(500)
      expect(await tab.text()).not.toMatch(/mallory|Evil/)
      await context.unroute(list)
      await approveInApp(tab, code)
      expect((await ended).challenge_status).toBe('accept')
    })

    it('goes when it is over by the time the app is opened', async () => {
      const { transactionId } = await application.ask(person)
      await rung()
      await tab.open(`${stage.deployment.url}/healthz/livez`)
      const kept = await keptQuestions(tab)
      await application.cancel(transactionId)
      await phone.notifications.waitFor(({ body }) => body.includes(en.elsewhere.cancelled(asker)))
      // As if the news of it had not come.
      expect(await keptQuestions(tab)).toBe('')
      await keepQuestions(tab, kept)
      await tab.open(`${stage.deployment.url}/app`)
      expect(await readOutcome(tab)).toBe('elsewhere')
      await tab.press('button', en.done)
      await tab.waitForScreen('home')
    })
  })

  it('signs nothing when the question has changed since it was shown', async () => {
    const stop = await meddle(/\/device\/challenges\/[\w-]+$/, tamper)
    await application.ask(person)
    await tab.waitForScreen('approve')
    await approveInApp(tab, '0000')
    expect(await readOutcome(tab)).toBe('changed')
    await stop()
  })

  it('cannot approve from a page that has gone stale', async () => {
    await silence()
    const { transactionId, code } = await application.ask(person)
    await tab.waitForScreen('approve')
    await tab.type(en.approve.code(asker), code)
    await application.cancel(transactionId)
    // The next poll may be quicker than the finger.
    await tab.press('button', en.approve.approve, 1000).catch(() => undefined)
    expect(await readOutcome(tab)).toBe('elsewhere')
    const { envelope } = await application.redeem(person, transactionId)
    expect(envelope.result.value).toBe(false)
  })

  it.each([
    { button: en.approve.notMe, outcome: 'declined' },
    { button: en.approve.cancel, outcome: 'cancelled' },
  ])('takes "$button" for an answer that nobody can turn round', async ({ button, outcome }) => {
    const { transactionId } = await application.ask(person)
    const ended = finalStatus(application, transactionId)
    await tab.waitForScreen('approve')
    await tab.press('button', button)
    expect(await readOutcome(tab)).toBe(outcome)
    expect((await ended).challenge_status).toMatch(/declined|cancelled/)
    const { envelope } = await application.redeem(person, transactionId)
    expect(envelope.result).toMatchObject({ value: false, authentication: 'DECLINED' })
  })

  it('tells the person plainly that a code was wrong, and approves the next question', async () => {
    const { transactionId, code } = await application.ask(person)
    const ended = finalStatus(application, transactionId)
    await approveInApp(tab, code === '0000' ? '1111' : '0000')
    expect(await readOutcome(tab)).toBe('wrong_code')
    await tab.sees(en.outcome.wrong_code.title)
    expect((await ended).challenge_status).toBe('declined')
    await tab.press('button', en.done)
    const again = await application.ask(person)
    const accepted = finalStatus(application, again.transactionId)
    await approveInApp(tab, again.code)
    expect((await accepted).challenge_status).toBe('accept')
  })

  it('lists two questions by where they came from, and each code fits only its own', async () => {
    const from = (agent: string) => ({ headers: { 'user-agent': agent } })
    const windows =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'
    const android =
      'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36'
    await turnOnNotifications(tab)
    await tab.open('about:blank')
    const mine = await application.ask(person, from(windows))
    const strange = await application.ask(person, from(android))
    expect([mine.notified, strange.notified]).toEqual([true, false])
    const strangeEnded = finalStatus(application, strange.transactionId)
    const mineEnded = finalStatus(application, mine.transactionId)

    const opened = await phone.browser().open(`${stage.deployment.url}/app`)
    await opened.waitForScreen('waiting')
    await opened.press('button', /Android/)
    await approveInApp(opened, mine.code)
    expect(await readOutcome(opened)).toBe('wrong_code')
    expect((await strangeEnded).challenge_status).toBe('declined')
    await opened.press('button', en.done)

    await opened.waitForScreen('approve')
    await opened.sees(/Windows/)
    await approveInApp(opened, mine.code)
    expect((await mineEnded).challenge_status).toBe('accept')
    expect((await application.redeem(person, mine.transactionId)).envelope.result.value).toBe(true)
    expect((await application.redeem(person, strange.transactionId)).envelope.result.value).toBe(
      false,
    )
  })

  it('forgives what is easily mistyped in a code: small letters, O for 0, I and L for 1', async () => {
    const { transactionId, code } = await application.ask(person)
    const ended = finalStatus(application, transactionId)
    await approveInApp(tab, code.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l'))
    expect((await ended).challenge_status).toBe('accept')
  })
})

const protocol = { headers: { 'Countersign-Protocol': '1' } }
