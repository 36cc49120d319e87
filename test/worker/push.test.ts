/** Pushes: what goes over the wire, what each answer of a push service leads to, and that every attempt can be seen. */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fromBase64url, toBase64url } from '../../schema/encoding.ts'
import { publicHalf, verify } from '../../schema/jws.ts'
import { pushPayloadLimitBytes } from '../../schema/limits.ts'
import type { PushPayload } from '../../schema/push.ts'
import { EndedClaims, typ } from '../../schema/signing.ts'
import { subscriptions } from '../../schema/tables.ts'
import { until } from '../support/until.ts'
import { vapidProblem } from '../support/vapid.ts'
import { DeviceRefused, type VirtualDevice } from '../support/virtual-device.ts'
import { subscriptionOf } from '../support/virtual-subscription.ts'
import vectors from '../vectors/web-push.json'
import { type Deployment, clock, deployment } from './deployment.ts'
import { objectOf } from './object.ts'
import { type PushBox, pushBox, receivedAt } from './push-box.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})

let time: ReturnType<typeof clock> | null = null
afterEach(() => {
  time?.stop()
  time = null
})

let people = 0
/** A person of their own for each test, with as many subscribed devices as wanted. */
async function rung(devices = 1) {
  const user = await d.person(`push-${people++}`)
  const pairs: { phone: VirtualDevice; box: PushBox }[] = []
  for (let made = 0; made < devices; made++) {
    const phone = await d.device(user)
    const box = await pushBox()
    await phone.subscribe(box.subscription)
    pairs.push({ phone, box })
  }
  const [{ phone, box }] = pairs as [{ phone: VirtualDevice; box: PushBox }]
  return { user, phone, box, pairs }
}

type Delivery = { serial: string; kind: string; attempt: number; host: string } & {
  status: number | null
  outcome: string
  at: number
}
/** What the administrator sees, oldest first, once there is so much. */
const deliveriesOf = ({ serial }: VirtualDevice, count: number): Promise<Delivery[]> =>
  until(`${count} deliveries`, async () => {
    const { envelope } = await d.payroll.call('GET', `/delivery/?serial=${serial}`)
    const { deliveries } = envelope.result.value as { deliveries: Delivery[] }
    return deliveries.length >= count && deliveries.toReversed()
  })

const outcomesOf = async (phone: VirtualDevice, count: number) =>
  (await deliveriesOf(phone, count)).map(({ outcome, status }) => [outcome, status])

const jwsOf = ({ countersign }: PushPayload): string =>
  'jws' in countersign ? countersign.jws : ''

describe('the standards', () => {
  const { rfc8291, rfc8292 } = vectors
  const bytes = (text: string) => fromBase64url(text) ?? new Uint8Array()

  it('hold in workerd as in their own examples: RFC 8291 appendix A, RFC 8292 §2.4', async () => {
    const point = bytes(rfc8291.receiverPublic)
    const curve = { name: 'ECDH', namedCurve: 'P-256' }
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: toBase64url(point.slice(1, 33)),
      y: toBase64url(point.slice(33)),
    }
    const keys = {
      publicKey: await crypto.subtle.importKey('jwk', jwk, curve, true, []),
      privateKey: await crypto.subtle.importKey(
        'jwk',
        { ...jwk, d: rfc8291.receiverPrivate },
        curve,
        false,
        ['deriveBits'],
      ),
    }
    const receiver = await subscriptionOf('https://push.example.net/p', {
      keys,
      auth: bytes(rfc8291.auth),
    })
    expect(await receiver.decrypt(bytes(rfc8291.message))).toBe(rfc8291.text)

    const { authorization, origin, key: vapidKey, expiresAt } = rfc8292
    const judged = (nowMs: number) => vapidProblem(authorization, { origin, vapidKey, nowMs })
    expect(await judged(expiresAt * 1000)).toBe('expired')
    expect(await judged((expiresAt - 60) * 1000)).toBeNull()
  })

  it('hold for what the worker sends: encrypted, signed, with TTL, Urgency and Topic', async () => {
    // Or a second may begin between question and message, and the TTL is 119.
    time = clock()
    const { user, phone, box } = await rung()
    await d.payroll.ask({ user })
    const [message] = await box.messages(1)
    expect(message).toMatchObject({
      method: 'POST',
      headers: {
        'content-encoding': 'aes128gcm',
        'content-type': 'application/octet-stream',
        ttl: '120',
        urgency: 'high',
        // RFC 8030 §5.4: at most 32 characters of base64url.
        topic: expect.stringMatching(/^[\w-]{1,32}$/),
      },
    })
    const { origin } = new URL(box.subscription.endpoint)
    const expected = { origin, vapidKey: env.VAPID_PUBLIC_KEY, nowMs: Date.now() }
    expect(await vapidProblem(message?.headers.authorization ?? null, expected)).toBeNull()
    expect(message?.body.length).toBeLessThanOrEqual(4096)

    const [payload] = await box.payloads(1)
    expect(payload).toMatchObject({
      web_push: 8030,
      mutable: true,
      notification: { title: 'Countersign', body: 'A login is waiting' },
      countersign: { device: phone.deviceId },
    })
    const [open] = await phone.list()
    expect(jwsOf(payload!)).toBe(open?.jws)
    expect(payload?.countersign).toMatchObject({ challenge: open?.challenge })
  })
})

describe('what is carried', () => {
  it('is the id alone where the question is over 3,000 bytes, and the device can still answer', async () => {
    const { user, phone, box } = await rung()
    const wordy = await d.newApplication('漢'.repeat(500))
    const asked = await wordy.ask({ user })
    const [payload] = await box.payloads(1)
    const [open] = await phone.list()
    expect(new TextEncoder().encode(open?.jws).length).toBeGreaterThan(pushPayloadLimitBytes - 600)
    expect(payload?.countersign).toEqual({ device: phone.deviceId, challenge: open?.challenge })
    expect((await phone.approve(open!, asked.code)).state).toBe('approved')
  })

  it('is the id alone where the push service finds it too large, and both attempts are seen', async () => {
    const { user, phone, box } = await rung()
    await box.answerNext({ status: 413 })
    await d.payroll.ask({ user })
    const [whole, idOnly] = await box.payloads(2)
    expect(jwsOf(whole!)).not.toBe('')
    const { device, challenge } = whole!.countersign as Record<string, string>
    expect([device, idOnly?.countersign]).toEqual([phone.deviceId, { device, challenge }])
    expect(await outcomesOf(phone, 2)).toEqual([
      ['too_large', 413],
      ['delivered', 201],
    ])
  })

  it('has the same Topic when it is sent again, another one for another question', async () => {
    time = clock()
    const { user, box } = await rung()
    const asked = await d.payroll.ask({ user })
    await box.messages(1)
    time.forward(10)
    expect((await d.payroll.resend(asked.transactionId)).status).toBe(200)
    const [first, again] = await box.messages(2)
    expect(again?.headers.topic).toBe(first?.headers.topic)
    expect(again?.headers.ttl).toBe('110')
    const [payload, repeated] = await box.payloads(2)
    expect(repeated).toEqual(payload)

    time.forward(111)
    await d.payroll.ask({ user })
    expect((await box.messages(3))[2]?.headers.topic).not.toBe(first?.headers.topic)
  })
})

describe('a push service that says', () => {
  it.each([404, 410])('%i ends the subscription, in D1 and in the object', async (status) => {
    const { user, pairs } = await rung(2)
    const [{ phone, box }, other] = pairs as [(typeof pairs)[0], (typeof pairs)[0]]
    expect((await phone.overview()).push.subscribed).toBe(true)
    await box.answerNext({ status })
    const asked = await d.payroll.ask({ user })
    expect(await outcomesOf(phone, 1)).toEqual([['gone', status]])
    // One dead subscription does not keep the other from ringing.
    await other.box.messages(1)
    await until('D1 to forget it', async () => {
      const rows = await d.db
        .select()
        .from(subscriptions)
        .where(eq(subscriptions.serial, phone.serial))
      return rows.length === 0
    })
    expect((await phone.overview()).push.subscribed).toBe(false)
    await (await objectOf(d, phone.serial)).evict()
    expect((await phone.overview()).push.subscribed).toBe(false)

    const [open] = await phone.list()
    await phone.approve(open!, asked.code)
    await other.box.messages(2)
    await d.payroll.ask({ user })
    await other.box.messages(3)
    expect(await box.received()).toHaveLength(1)

    await phone.subscribe(box.subscription)
    expect((await phone.overview()).push.subscribed).toBe(true)
  })

  it('410 to a subscription that was replaced meanwhile does not end the new one', async () => {
    const { user, phone, box } = await rung()
    await box.answerNext({ status: 410, delayMs: 400 })
    await d.payroll.ask({ user })
    await box.messages(1)
    const next = await pushBox()
    await phone.subscribe(next.subscription)
    expect(await outcomesOf(phone, 1)).toEqual([['gone', 410]])
    expect((await phone.overview()).push.subscribed).toBe(true)
    const [row] = await d.db
      .select()
      .from(subscriptions)
      .where(eq(subscriptions.serial, phone.serial))
    expect(row?.endpoint).toBe(next.subscription.endpoint)
  })

  it('429 with Retry-After is asked again when that time has passed, and not before', async () => {
    time = clock()
    const { user, phone, box } = await rung()
    await box.answerNext({ status: 429, headers: { 'Retry-After': '30' } })
    await d.payroll.ask({ user })
    expect(await outcomesOf(phone, 1)).toEqual([['retry', 429]])
    const object = await objectOf(d, phone.serial)
    time.forward(29)
    await object.alarm()
    expect(await box.received()).toHaveLength(1)
    time.forward(1)
    await object.alarm()
    const [, again] = await box.messages(2)
    expect(again?.headers.ttl).toBe('90')
    expect(await outcomesOf(phone, 2)).toEqual([
      ['retry', 429],
      ['delivered', 201],
    ])
    expect((await deliveriesOf(phone, 2)).map(({ attempt }) => attempt)).toEqual([1, 2])
  })

  it('429 with a date in Retry-After is understood too', async () => {
    time = clock()
    const { user, phone, box } = await rung()
    const at = new Date(Date.now() + 40_000).toUTCString()
    await box.answerNext({ status: 429, headers: { 'Retry-After': at } })
    await d.payroll.ask({ user })
    await deliveriesOf(phone, 1)
    const object = await objectOf(d, phone.serial)
    time.forward(38)
    await object.alarm()
    expect(await box.received()).toHaveLength(1)
    time.forward(3)
    await object.alarm()
    await box.messages(2)
  })

  it('5xx is asked again by the alarm, each time later, inside the life of the question and not after', async () => {
    time = clock()
    const { user, phone, box } = await rung()
    await box.answerNext(...Array.from({ length: 20 }, () => ({ status: 503 })))
    await d.payroll.ask({ user })
    const object = await objectOf(d, phone.serial)
    // 1 + 2 + 4 + 8 + 16 + 32 = 63 s; the next wait of 64 s would end after the question.
    for (const [index, waitSeconds] of [1, 2, 4, 8, 16, 32].entries()) {
      await deliveriesOf(phone, index + 1)
      time.forward(waitSeconds)
      await object.alarm()
    }
    expect(await outcomesOf(phone, 7)).toEqual(Array.from({ length: 7 }, () => ['retry', 503]))
    expect(await object.rows('select * from push')).toEqual([])
    time.forward(57)
    await object.alarm()
    time.forward(64)
    await object.alarm()
    expect(await box.received()).toHaveLength(7)
  })

  it('429 with a Retry-After beyond the question is left alone', async () => {
    time = clock()
    const { user, phone, box } = await rung()
    await box.answerNext({ status: 429, headers: { 'Retry-After': '600' } })
    await d.payroll.ask({ user })
    await deliveriesOf(phone, 1)
    const object = await objectOf(d, phone.serial)
    await until('the push to be dropped', async () => {
      return (await object.rows('select * from push')).length === 0
    })
    time.forward(601)
    await object.alarm()
    expect(await box.received()).toHaveLength(1)
  })

  it('5xx is not asked again once the question is answered', async () => {
    time = clock()
    const { user, phone, box } = await rung()
    await box.answerNext({ status: 500 })
    const asked = await d.payroll.ask({ user })
    await deliveriesOf(phone, 1)
    const [open] = await phone.list()
    expect((await phone.approve(open!, asked.code)).state).toBe('approved')
    time.forward(5)
    await (await objectOf(d, phone.serial)).alarm()
    expect(await box.received()).toHaveLength(1)
  })

  it('a redirect is not followed', async () => {
    const { user, phone, box } = await rung()
    const elsewhere = `https://fcm.googleapis.com/${toBase64url(crypto.getRandomValues(new Uint8Array(9)))}`
    await box.answerNext({ status: 307, headers: { Location: elsewhere } })
    await d.payroll.ask({ user })
    expect(await outcomesOf(phone, 1)).toEqual([['refused', 307]])
    expect(await receivedAt(elsewhere)).toEqual([])
  })

  it('nothing for five seconds is given up and asked again', { timeout: 20_000 }, async () => {
    const { user, phone, box } = await rung()
    await box.answerNext({ status: 201, delayMs: 8000 })
    await d.payroll.ask({ user })
    expect(await outcomesOf(phone, 2)).toEqual([
      ['retry', null],
      ['delivered', 201],
    ])
  })
})

describe('an endpoint', () => {
  it.each([
    ['of an unknown host', 'https://push.evil.example/x'],
    ['without TLS', 'http://fcm.googleapis.com/x'],
    ['with a user', 'https://someone@fcm.googleapis.com/x'],
    ['that begins like a known host', 'https://fcm.googleapis.com.evil.example/x'],
    ['that ends like a known host', 'https://evilpush.apple.com/x'],
    ['of this machine', 'https://127.0.0.1/x'],
    ['of a neighbour', 'https://[::1]/x'],
  ])('%s is refused, named, and never called', async (_what, endpoint) => {
    const { user, phone, box } = await rung()
    const refusal = await phone.subscribe({ ...box.subscription, endpoint }).catch((error) => error)
    expect(refusal).toBeInstanceOf(DeviceRefused)
    expect(refusal.status).toBe(400)
    expect(refusal.problem).toMatchObject({
      reason: 'push_host_refused',
      field: 'subscription.endpoint',
    })
    await d.payroll.ask({ user })
    await box.messages(1)
    expect(await receivedAt(endpoint)).toEqual([])
  })

  it.each(['web.push.apple.com', 'wns2-par02p.notify.windows.com', 'jmt17.google.com'])(
    'at %s is called',
    async (host) => {
      const user = await d.person(`at-${host}`)
      const phone = await d.device(user)
      const box = await pushBox(host)
      await phone.subscribe(box.subscription)
      await d.payroll.ask({ user })
      await box.messages(1)
      expect((await deliveriesOf(phone, 1))[0]).toMatchObject({ host, outcome: 'delivered' })
    },
  )

  it('that is no longer allowed is not called, and the attempt says so', async () => {
    const { user, phone } = await rung()
    const endpoint = 'https://retired.push.example/x'
    await d.db.update(subscriptions).set({ endpoint }).where(eq(subscriptions.serial, phone.serial))
    await phone.rename('Read again')
    await d.payroll.ask({ user })
    expect(await outcomesOf(phone, 1)).toEqual([['host_not_allowed', null]])
    expect(await receivedAt(endpoint)).toEqual([])
  })

  it('is given up by null, and nothing is sent from then on', async () => {
    const { user, phone, box } = await rung()
    await phone.subscribe(null)
    const asked = await d.payroll.ask({ user })
    const [open] = await phone.list()
    expect((await phone.approve(open!, asked.code)).state).toBe('approved')
    expect(await box.received()).toEqual([])
  })
})

describe('when one device has answered', () => {
  it('the notifications of the others are replaced: same Topic, same tag, signed for each', async () => {
    const { user, pairs } = await rung(2)
    const [first, second] = pairs as [(typeof pairs)[0], (typeof pairs)[0]]
    const asked = await d.payroll.ask({ user })
    const [challenge] = await second.box.messages(1)
    const [open] = await first.phone.list()
    await first.phone.approve(open!, asked.code)
    const [, ended] = await second.box.messages(2)
    expect(ended?.headers.topic).toBe(challenge?.headers.topic)
    const [asking, ending] = await second.box.payloads(2)
    expect(ending?.notification.tag).toBe(asking?.notification.tag)
    const jws = ending && 'ended' in ending.countersign ? ending.countersign.ended : ''
    expect(
      await verify(typ.ended, jws, publicHalf(JSON.parse(env.SIGNING_KEY)), EndedClaims),
    ).toMatchObject({
      aud: second.phone.deviceId,
      challenge: open?.challenge,
      state: 'approved',
    })
    expect((await deliveriesOf(second.phone, 2)).map(({ kind }) => kind)).toEqual([
      'challenge',
      'ended',
    ])
    expect(await first.box.received()).toHaveLength(1)
  })

  it('by "It wasn\'t me" or the application has called it off, the others are told that', async () => {
    const { user, pairs } = await rung(2)
    const [first, second] = pairs as [(typeof pairs)[0], (typeof pairs)[0]]
    const state = async (box: PushBox, count: number) => {
      const { countersign } = (await box.payloads(count)).at(-1)!
      const jws = 'ended' in countersign ? countersign.ended : ''
      const key = publicHalf(JSON.parse(env.SIGNING_KEY))
      return (await verify(typ.ended, jws, key, EndedClaims))?.state
    }
    await d.payroll.ask({ user })
    const [open] = await first.phone.list()
    await first.phone.decline(open!, 'not_me')
    expect(await state(second.box, 2)).toBe('declined')

    const again = await d.payroll.ask({ user })
    expect((await d.payroll.cancel(again.transactionId)).status).toBe(200)
    expect(await state(second.box, 4)).toBe('cancelled')
    expect(await state(first.box, 3)).toBe('cancelled')
  })
})
