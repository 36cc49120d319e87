/** What applications are told by webhooks: who is told what, signed so that a library of others can check it, and never lost. */
import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../schema/encoding.ts'
import { application } from '../support/application.ts'
import { until } from '../support/until.ts'
import { type Deployment, adminPassword, clock, deployment, origin } from './deployment.ts'
import { move } from './move.ts'
import { receivedAt } from './push-box.ts'

const host = 'hooks.example.net'
const password = 'a long and quiet password'
let d: Deployment
let admin: ReturnType<typeof application>
let people = 0
let time: ReturnType<typeof clock>

beforeAll(async () => {
  d = await deployment()
  const stranger = application({ url: origin, fetch: d.fetch })
  const { envelope } = await stranger.auth('admin', adminPassword)
  const { token } = envelope.result.value as { token: string }
  admin = application({ url: origin, fetch: d.fetch, token })
})
beforeEach(() => {
  time = clock()
})
afterEach(() => time.stop())

type Told = { type: string; timestamp: string; data: Record<string, unknown> }
type Listed = {
  id: string
  type: string
  deliveries: { state: string; attempts: number; status: number | null; next_at: number | null }[]
}

/** An application with a key, and a webhook of its own. */
async function told(types?: string) {
  const id = `told-${people}`
  await admin.call('POST', `/application/${id}`, { name: 'Payroll' })
  const key = await admin.call('POST', `/application/${id}/key`, {
    rights: 'trigger,check,applications',
  })
  const { api_key: apiKey } = key.envelope.result.value as { api_key: string }
  const app = application({ url: origin, fetch: d.fetch, apiKey })
  const url = `https://${host}/${id}`
  const made = await app.call('POST', `/application/${id}/webhook`, {
    url,
    ...(types && { types }),
  })
  expect(made.status).toBe(200)
  const hook = made.envelope.result.value as { id: string; secret: string }
  const user = await d.person(`told-person-${people++}`, { password })
  const phone = await d.device(user)
  const messenger = env.MESSENGER.get(env.MESSENGER.idFromName(`0/${id}`))
  return {
    ...{ id, app, url, hook, user, phone },
    received: (count: number) =>
      until(`${count} messages at ${url}`, async () => {
        const found = await receivedAt(url)
        return found.length >= count && found
      }),
    answerNext: (...replies: object[]) =>
      fetch(`https://boxes.test/?address=${encodeURIComponent(url)}`, {
        method: 'PUT',
        body: JSON.stringify(replies),
      }),
    listed: async () =>
      (await app.call('GET', `/application/${id}/message`)).envelope.result.value as Listed[],
    alarm: () => runDurableObjectAlarm(messenger),
  }
}

/** As the library of the specification checks it. @throws where the signature, or the time, is not right. */
function opened(
  secret: string,
  { headers, body }: Awaited<ReturnType<typeof receivedAt>>[number],
): Told {
  return new Webhook(secret).verify(new TextDecoder().decode(body), headers) as Told
}

describe('an application with a webhook', () => {
  it('is told of an approval, signed by the Standard Webhooks rules, and of nothing secret', async () => {
    const one = await told()
    const asked = await one.app.ask({ user: one.user })
    await one.phone.approve((await one.phone.list())[0]!, asked.code)
    const messages = await one.received(2)
    const said = messages.map((message) => opened(one.hook.secret, message))
    expect(said.map(({ type }) => type)).toEqual(['device.enrolled', 'login.approved'])
    expect(said[0]?.data).toEqual({
      serial: one.phone.serial,
      user: one.user,
      realm: 'default',
      name: 'Pixel',
    })
    expect(said[1]?.data).toEqual({
      transaction_id: asked.transactionId,
      state: 'approved',
      reason: null,
      user: one.user,
      realm: 'default',
      serial: one.phone.serial,
      client: null,
    })
    for (const { body, headers } of messages) {
      const text = new TextDecoder().decode(body) + JSON.stringify(headers)
      for (const secret of [asked.code, one.hook.secret]) expect(text).not.toContain(secret)
    }
    expect(() =>
      opened('whsec_' + btoa('another secret of as many bytes!'), messages[1]!),
    ).toThrow()
    expect(
      (await one.app.redeem({ user: one.user }, asked.transactionId)).envelope.result.value,
    ).toBe(true)
  })

  it('is told of what was declined, reported and left alone, and of no cancellation of its own', async () => {
    const one = await told('login.declined,login.reported,login.expired')
    await one.app.ask({ user: one.user })
    await one.phone.decline((await one.phone.list())[0]!, 'not_me')
    const own = await one.app.ask({ user: one.user })
    await one.app.cancel(own.transactionId)
    await one.app.ask({ user: one.user })
    time.forward(121)
    await one.phone.list()
    await one.app.ask({ user: one.user })
    const said = (await one.received(3)).map((message) => opened(one.hook.secret, message))
    expect(said.map(({ type }) => type).toSorted()).toEqual([
      'login.declined',
      'login.expired',
      'login.reported',
    ])
    expect((await one.listed()).map(({ type }) => type)).toHaveLength(3)
  })

  it('is told once when a person says afterwards that it was not them', async () => {
    const one = await told('login.reported')
    const asked = await one.app.ask({ user: one.user })
    await one.phone.approve((await one.phone.list())[0]!, asked.code)
    await one.app.redeem({ user: one.user }, asked.transactionId)
    const stranger = application({ url: origin, fetch: d.fetch })
    const signing = await stranger.auth(one.user, password)
    const { transaction_id: id, presence_answer: code } = signing.envelope.detail ?? {}
    await one.phone.approve((await one.phone.list())[0]!, code)
    const signed = { username: one.user, transaction_id: id }
    const { envelope } = await stranger.call('POST', '/auth', signed)
    const { token } = envelope.result.value as { token: string }
    const path = `/me/requests/${await sha256(asked.transactionId)}/report`
    const person = application({ url: origin, fetch: d.fetch, token })
    const said = (await person.call('POST', path)).envelope.result.value as { token: string }
    expect(said).toMatchObject({ told: true, ended: true, stopped: false })
    const again = application({ url: origin, fetch: d.fetch, token: said.token })
    expect((await again.call('POST', path)).envelope.result.value).toMatchObject({ told: true })
    const [message] = await one.received(1)
    expect(opened(one.hook.secret, message!)).toMatchObject({
      type: 'login.reported',
      data: {
        transaction_id: asked.transactionId,
        ...{ state: 'redeemed', reason: 'not_me', user: one.user, serial: one.phone.serial },
      },
    })
    await one.app.ask({ user: one.user })
    await one.phone.decline((await one.phone.list())[0]!, 'not_me')
    await one.received(2)
    expect(await one.listed()).toHaveLength(2)
  })

  it('is told of a device that another let in, and that it was stopped', async () => {
    const one = await told('device.enrolled,device.stopped')
    const added = await move(d, one.phone, { name: 'Pixel 9' })
    const path = `/device/newcomers/${added.serial}`
    expect((await one.phone.call('DELETE', path)).status).toBe(200)
    expect((await one.phone.call('DELETE', path)).status).toBe(404)
    const said = (await one.received(3)).map((message) => opened(one.hook.secret, message))
    expect(said.map(({ type }) => type)).toEqual([
      'device.enrolled',
      'device.enrolled',
      'device.stopped',
    ])
    const about = { serial: added.serial, user: one.user, realm: 'default', name: 'Pixel 9' }
    expect(said[2]?.data).toEqual(about)
    const next = await move(d, one.phone, { name: 'Another' })
    await one.received(4)
    expect((await one.listed()).map(({ type }) => type)).toHaveLength(4)
    expect(next.serial).not.toBe(added.serial)
  })

  it('hears of a failure of its own again later, and only once of what it took', async () => {
    const one = await told('login.approved')
    await one.answerNext({ status: 500 }, { status: 429, headers: { 'Retry-After': '600' } })
    const asked = await one.app.ask({ user: one.user })
    await one.phone.approve((await one.phone.list())[0]!, asked.code)
    await one.received(1)
    const waits: number[] = []
    for (const attempts of [1, 2]) {
      const way = await until('an attempt that is written down', async () => {
        const [message] = await one.listed()
        const found = message?.deliveries[0]
        return found?.attempts === attempts && found
      })
      expect(way.state).toBe('due')
      waits.push(way.next_at! - Math.floor(Date.now() / 1000))
      time.toMs((way.next_at! + 1) * 1000)
      await one.alarm()
    }
    expect(waits[0]).toBeLessThanOrEqual(6)
    expect(waits[1]).toBeGreaterThanOrEqual(599)
    const [first, , third] = await one.received(3)
    expect(third?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(opened(one.hook.secret, third!).type).toBe('login.approved')
    const [message] = await one.listed()
    expect(message?.deliveries).toMatchObject([
      { state: 'delivered', attempts: 3, status: 201, next_at: null },
    ])
    await one.alarm()
    expect(await receivedAt(one.url)).toHaveLength(3)
  })

  it('is told no more after it answered 410, until it has a new secret', async () => {
    const one = await told('login.approved')
    await one.answerNext({ status: 410 })
    const login = async () => {
      const asked = await one.app.ask({ user: one.user })
      await one.phone.approve((await one.phone.list())[0]!, asked.code)
      await one.app.redeem({ user: one.user }, asked.transactionId)
    }
    await login()
    await until('it is switched off', async () => {
      const { envelope } = await one.app.call('GET', `/application/${one.id}/webhook`)
      return (envelope.result.value as { active: boolean }[])[0]?.active === false
    })
    await login()
    expect(await receivedAt(one.url)).toHaveLength(1)
    const again = await one.app.call('POST', `/application/${one.id}/webhook/${one.hook.id}/secret`)
    const { secret } = again.envelope.result.value as { secret: string }
    await login()
    const [, after] = await one.received(2)
    // Both secrets are good for a day, so that nobody has to change them in the same moment.
    expect(opened(secret, after!).type).toBe('login.approved')
    expect(opened(one.hook.secret, after!).type).toBe('login.approved')
  })

  it('tries whether it hears us, and has a message told again', async () => {
    const one = await told('login.approved')
    const tried = await one.app.call('POST', `/application/${one.id}/webhook/${one.hook.id}/test`)
    const { message: testId } = tried.envelope.result.value as { message: string }
    const [test] = await one.received(1)
    expect(test?.headers['webhook-id']).toBe(testId)
    expect(opened(one.hook.secret, test!).type).toBe('webhook.test')
    const asked = await one.app.ask({ user: one.user })
    await one.phone.approve((await one.phone.list())[0]!, asked.code)
    const [, first] = await one.received(2)
    const id = first?.headers['webhook-id'] ?? ''
    expect((await one.app.call('POST', `/application/${one.id}/message/none/replay`)).status).toBe(
      404,
    )
    expect((await one.app.call('POST', `/application/${one.id}/message/${id}/replay`)).status).toBe(
      200,
    )
    const [, , second] = await one.received(3)
    expect(second?.headers['webhook-id']).toBe(id)
    expect(second?.body).toEqual(first?.body)
  })

  it('is told again what is told again while the first telling is under way', async () => {
    const one = await told('login.approved')
    await one.answerNext({ status: 204, delayMs: 500 })
    const asked = await one.app.ask({ user: one.user })
    await one.phone.approve((await one.phone.list())[0]!, asked.code)
    const [first] = await one.received(1)
    const message = first?.headers['webhook-id']
    const path = `/application/${one.id}/message/${message}/replay`
    expect((await one.app.call('POST', path)).status).toBe(200)
    const [, again] = await one.received(2)
    expect(again?.headers['webhook-id']).toBe(message)
    const delivered = () => one.listed().then(([first]) => first?.deliveries[0]?.state)
    await until('the second to be settled', async () => (await delivered()) === 'delivered')
  })

  it('gets each of many messages that are put in just as the one before has gone', async () => {
    const one = await told('login.approved')
    for (let count = 1; count <= 20; count++) {
      await one.app.call('POST', `/application/${one.id}/webhook/${one.hook.id}/test`)
      await one.received(count)
    }
    const ids = (await receivedAt(one.url)).map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids).size).toBe(20)
  })
})

describe('a webhook is refused', () => {
  it.each([
    ['http', `http://${host}/x`],
    ['a host that the operator did not name', 'https://elsewhere.example.net/x'],
    ['an address by number', 'https://127.0.0.1/x'],
    ['a name and a password in it', `https://a:b@${host}/x`],
    ['no address', 'payroll'],
  ])('with %s', async (_, url) => {
    const id = `refused-${people++}`
    await admin.call('POST', `/application/${id}`, { name: 'Payroll' })
    const refused = await admin.call('POST', `/application/${id}/webhook`, { url })
    expect(refused.status).toBe(400)
    expect(refused.envelope.result.error?.message).toContain("'url' must be https")
    const wrongType = await admin.call('POST', `/application/${id}/webhook`, {
      url: `https://${host}/x`,
      types: 'all',
    })
    expect(wrongType.envelope.result.error?.message).toContain("'types' must be some of")
    expect(
      (await admin.call('POST', `/application/${id}/webhook`, { url: `https://${host}/x` })).status,
    ).toBe(200)
  })

  it('to another application’s credential, and shows it nothing', async () => {
    const one = await told()
    const other = await told()
    const path = `/application/${one.id}`
    const url = `https://${host}/stolen`
    for (const [method, end, body] of [
      ['GET', '/webhook', undefined],
      ['POST', '/webhook', { url }],
      ['DELETE', `/webhook/${one.hook.id}`, undefined],
      ['POST', `/webhook/${one.hook.id}/secret`, {}],
      ['POST', `/webhook/${one.hook.id}/test`, {}],
      ['GET', '/message', undefined],
      ['POST', '/message/x/replay', {}],
    ] as const) {
      const { status } = await other.app.call(method, path + end, body)
      expect([method, end, status]).toEqual([method, end, 403])
    }
    // By its own path, another's webhook is none.
    const { status } = await other.app.call(
      'DELETE',
      `/application/${other.id}/webhook/${one.hook.id}`,
    )
    expect(status).toBe(404)
    expect((await one.app.call('DELETE', `${path}/webhook/${one.hook.id}`)).status).toBe(200)
    const { envelope } = await one.app.call('GET', `${path}/webhook`)
    expect(envelope.result.value).toEqual([])
  })
})
