/** Stock phones that Firebase reaches: what they are told, that it is what they would have read by asking, and how a failure is seen. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { StockChallenge } from '../support/stock-phone.ts'
import { until } from '../support/until.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { type FcmTestProject, fcmProject } from './fcm-project.ts'
import { objectOf } from './object.ts'
import { type PhoneBox, phoneBox } from './phone-box.ts'

let d: Deployment
let box: PhoneBox
let project: FcmTestProject
beforeAll(async () => {
  d = await deployment()
  // As privacyIDEA has it.
  await d.payroll.call('DELETE', '/policy/hardening')
  box = await phoneBox(d)
  project = await fcmProject('phones')
  await d.payroll.call('POST', '/smsgateway', project.wish('firebase'))
  await box.enrolments({ push_firebase_configuration: 'firebase' })
})

let time: ReturnType<typeof clock> | null = null
afterEach(() => {
  time?.stop()
  time = null
})

let phones = 0
async function rung() {
  const fbtoken = `fb-${++phones}`
  const { user, phone } = await box.phone({ fbtoken })
  const toIt = async () => (await project.seen()).messages.filter(({ token }) => token === fbtoken)
  const messages = (count: number) =>
    until(`${count} messages to ${fbtoken}`, async () => {
      const found = await toIt()
      return found.length >= count && found
    })
  return { user, phone, fbtoken, toIt, messages }
}

const ask = async (user: string) => {
  const { envelope } = await d.payroll.trigger({ user })
  return envelope.detail as { transaction_id: string; notified: boolean; sent_to: string[] }
}
const deliveriesOf = (serial: string, count: number) =>
  until(`${count} deliveries`, async () => {
    const { envelope } = await d.payroll.call('GET', `/delivery/?serial=${serial}`)
    const { deliveries } = envelope.result.value as {
      deliveries: { outcome: string; status: number | null; host: string }[]
    }
    const told = deliveries.map(({ outcome, status, host }) => [outcome, status, host])
    return told.length >= count && told.toReversed()
  })
const firebase = 'fcm.googleapis.com'

describe('a phone that Firebase reaches', () => {
  it('is rung with what it would have read by asking, believes it, and answers', async () => {
    const { user, phone, messages } = await rung()
    expect(phone.link).toMatchObject({ pollOnly: false })
    const { transaction_id: id, notified } = await ask(user)
    expect(notified).toBe(true)
    const [message] = await messages(1)
    expect(await phone.faultOf(message?.data)).toBeNull()
    const [open] = await phone.poll()
    expect(message?.data).toEqual(open)
    expect(message?.notification).toEqual({ title: open?.title, body: open?.question })
    expect(message?.android).toEqual({ priority: 'HIGH', ttl: expect.stringMatching(/^1[12]\ds$/) })
    await phone.accept(message?.data as StockChallenge)
    expect(await box.redeemed(user, id)).toBe(true)
    expect(await deliveriesOf(phone.serial, 1)).toEqual([['delivered', 200, firebase]])
  })

  it('is not rung where it only asks, and learns of no end by push', async () => {
    await box.enrolments({ push_firebase_configuration: 'poll only' })
    const asking = await rung()
    await box.enrolments({ push_firebase_configuration: 'firebase' })
    await ask(asking.user)
    expect(await asking.phone.poll()).toHaveLength(1)
    const { user, phone, messages, toIt } = await rung()
    await ask(user)
    const [message] = await messages(1)
    await phone.decline(message?.data as StockChallenge)
    await ask(user)
    await messages(2)
    expect(await toIt()).toHaveLength(2)
    expect(await asking.toIt()).toEqual([])
  })

  it('is told to look where the question is too long to travel, and then reads all of it', async () => {
    await box.logins({ push_text_on_mobile: '漢'.repeat(1200) })
    const { user, phone, messages } = await rung()
    await ask(user)
    await box.logins(null)
    const [message] = await messages(1)
    expect(message?.data).toEqual({})
    expect(message?.notification).toEqual({ title: 'Countersign', body: 'A login is waiting' })
    expect((await phone.poll())[0]?.question).toBe('漢'.repeat(1200))
  })
})

describe('a failure', () => {
  it('UNREGISTERED ends the registration: nothing is sent until the app brings another', async () => {
    const { user, phone, fbtoken, toIt } = await rung()
    const gone = { error: { status: 'NOT_FOUND', details: [{ errorCode: 'UNREGISTERED' }] } }
    await project.answerNext({ to: 'messages', status: 404, body: gone })
    await ask(user)
    expect(await deliveriesOf(phone.serial, 1)).toEqual([['gone', 404, firebase]])
    const token = await until('the end of the registration', async () => {
      const { envelope } = await d.payroll.token(phone.serial)
      const { tokens } = envelope.result.value as { tokens: { info: Record<string, string> }[] }
      return tokens[0]?.info.firebase_token !== fbtoken && tokens[0]
    })
    expect(token.info.firebase_token).not.toContain('fb-')
    await phone.decline((await phone.poll())[0]!)
    await ask(user)
    expect(await phone.poll()).toHaveLength(1)
    expect(await toIt()).toEqual([])

    await phone.decline((await phone.poll())[0]!)
    const again = `${fbtoken}-again`
    expect((await phone.updateFbToken(again)).envelope.result.value).toBe(true)
    await ask(user)
    const found = await until('a message', async () =>
      (await project.seen()).messages.find((one) => one.token === again),
    )
    expect(await phone.faultOf(found.data)).toBeNull()
  })

  it('of a moment is asked again by the alarm when it was told to, while the question is open', async () => {
    time = clock()
    const { user, phone, messages } = await rung()
    const later = { to: 'messages', status: 503, headers: { 'Retry-After': '20' } } as const
    await project.answerNext(later)
    const { transaction_id: id } = await ask(user)
    await deliveriesOf(phone.serial, 1)
    const object = await objectOf(d, phone.serial)
    time.forward(19)
    await object.alarm()
    expect(await deliveriesOf(phone.serial, 1)).toEqual([['retry', 503, firebase]])
    time.forward(2)
    await object.alarm()
    const [message] = await messages(1)
    await phone.accept(message?.data as StockChallenge)
    expect(await box.redeemed(user, id)).toBe(true)
    expect(await deliveriesOf(phone.serial, 2)).toEqual([
      ['retry', 503, firebase],
      ['delivered', 200, firebase],
    ])

    await project.answerNext(later)
    await ask(user)
    await deliveriesOf(phone.serial, 3)
    await phone.decline((await phone.poll())[0]!)
    time.forward(21)
    await object.alarm()
    expect(await messages(1)).toHaveLength(1)
  })

  it('to find the gateway is told as that, and over when the gateway is back', async () => {
    const { user, phone, messages } = await rung()
    await d.payroll.call('DELETE', '/smsgateway/firebase')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await ask(user)
    expect(await deliveriesOf(phone.serial, 1)).toEqual([['not_configured', null, '']])
    await phone.decline((await phone.poll())[0]!)
    await d.payroll.call('POST', '/smsgateway', project.wish('firebase'))
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await ask(user)
    await messages(1)
  })
})
