/** Many questions in a row to a browser with no page open: every one arrives as a notification, and every answer at the application. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Person } from '../support/application.ts'
import { approveInApp, enrolInApp, finalStatus } from '../support/person.ts'
import { type Phone, type Stage, engines, isMissing, setStage } from '../support/stage.ts'

const questions = 60

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
  const administrator = await stage.deployment.administrator()
  const { envelope } = await administrator.call('GET', '/policy/hardening')
  const [hardening] = envelope.result.value as { action: object }[]
  const often = { push_prompts_per_hour_application: 1000, push_prompts_per_hour_client: 1000 }
  const { status } = await administrator.call('POST', '/policy/hardening', {
    scope: 'authentication',
    realm: '',
    action: { ...hardening?.action, ...often },
  })
  expect(status).toBe(200)
})
afterAll(() => stage?.end())

describe.each(engines)('%s', (engine) => {
  it.skipIf(isMissing(engine))(
    `answers ${questions} questions, each from its own notification`,
    async () => {
      const { application } = stage.deployment
      const person = await stage.person(`soak-${engine}`)
      const phone = await stage.phone(engine)
      const { link } = await application.invite(person)
      await enrolInApp(phone.browser(), link)
      const tookMs: number[] = []
      for (let each = 0; each < questions; each++) tookMs.push(await answerOne(phone, person))
      const sorted = tookMs.toSorted((one, other) => one - other)
      console.log(engine, `ring: median ${sorted[questions / 2]} ms, slowest ${sorted.at(-1)} ms`)
      await phone.close()
    },
    600_000,
  )
})

/** @returns the milliseconds from the question to the notification. */
async function answerOne(phone: Phone, person: Person): Promise<number> {
  const { application } = stage.deployment
  const isApp = (address: string) => address.includes('/app')
  const [page] = await phone.browser().tabs()
  for (const tab of await phone.browser().tabs())
    await (tab === page ? tab.open('about:blank') : tab.close())
  const askedAtMs = Date.now()
  const { transactionId, code, notified } = await application.ask(person)
  expect(notified).toBe(true)
  const ended = finalStatus(application, transactionId)
  const shown = await phone.notifications.waitFor(({ body }) => body.includes(person.user))
  const rangAtMs = Date.now()
  phone.notifications.click(shown)
  const tab = await phone.browser().waitForTab(isApp)
  await approveInApp(tab, code)
  expect((await ended).challenge_status).toBe('accept')
  expect((await application.redeem(person, transactionId)).envelope.result.value).toBe(true)
  return rangAtMs - askedAtMs
}
