/** What a stock phone may see and answer, what becomes of each answer, and what is refused with which words. */
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeJwt } from 'jose'
import type { Application } from '../support/application.ts'
import { StockPhone } from '../support/stock-phone.ts'
import { phoneKeys } from '../support/stock-phone-keys.ts'
import { type Deployment, clock, costOf, deployment } from './deployment.ts'
import { objectOf } from './object.ts'
import { type PhoneBox, phoneBox } from './phone-box.ts'

let d: Deployment
let box: PhoneBox
let admin: Application
beforeAll(async () => {
  d = await deployment()
  admin = await d.newApplication('Admin')
  // As privacyIDEA has it.
  await admin.call('DELETE', '/policy/hardening')
  box = await phoneBox(d)
})

const valueOf = ({ envelope }: Awaited<ReturnType<StockPhone['accept']>>) => envelope.result.value
const unverified = { code: 10, message: 'ERR10: Could not verify signature!' }

describe('a poll', () => {
  it('lists what is open, as it was asked, and signed for this phone', async () => {
    await box.logins({ push_text_on_mobile: 'Log in as {user}|now?', push_ssl_verify: '0' })
    const { user, phone } = await box.phone()
    const { challenge } = await box.asked(user, phone)
    expect(Object.keys(challenge).toSorted()).toEqual(
      [
        ...['capabilities', 'capabilities_signature', 'nonce', 'question', 'serial'],
        ...['signature', 'sslverify', 'title', 'url'],
      ].toSorted(),
    )
    expect(challenge).toMatchObject({
      question: `Log in as ${user}/now?`,
      title: 'Payroll',
      sslverify: '0',
      capabilities: '{"decline_reason": true}',
    })
    await box.logins(null)
    const plain = await box.phone({ generation: 'nonce' })
    const { challenge: bare } = await box.asked(plain.user, plain.phone)
    expect(bare.question).toBe('Do you want to confirm the login?')
    expect(bare).not.toHaveProperty('capabilities')
    expect(bare).not.toHaveProperty('require_presence')
  })

  it.each([
    ['a forged signature', { signature: 'MZXW6YTB' }, unverified],
    ['a signature that is no base32', { signature: '!!' }, unverified],
    ['an unknown serial', { serial: 'PIPU00000000' }, unverified],
    [
      'an old time',
      { timestamp: '2020-01-01T00:00:00Z' },
      { code: 10, message: 'ERR10: Timestamp 2020-01-01T00:00:00Z not in valid range.' },
    ],
    [
      'no time',
      { timestamp: 'yesterday' },
      { code: 10, message: 'ERR10: Could not parse timestamp yesterday. ISO-Format required.' },
    ],
  ])('with %s is refused in the wire’s words, and wakes nobody', async (_, spoilt, error) => {
    const { phone } = await box.phone()
    await phone.poll()
    const { given, cost } = await costOf(d, () => phone.pollRaw(spoilt))
    expect([given.status, given.envelope.result.error]).toEqual([400, error])
    expect(cost.objects).toBe(0)
    expect(await phone.poll()).toEqual([])
  })

  it('names each field that is missing', async () => {
    for (const [query, missing] of [
      ['', 'serial'],
      ['?serial=a', 'timestamp'],
      ['?serial=a&timestamp=b', 'signature'],
    ]) {
      const response = await d.fetch(`/ttype/push${query}`)
      const { result } = (await response.json()) as { result: { error: { message: string } } }
      expect(result.error.message).toBe(`ERR905: Missing parameter: '${missing}'`)
    }
  })

  it('is denied by policy, for everyone or for the token that says so', async () => {
    const { phone } = await box.phone()
    const denied = [403, { code: 303, message: 'Polling not allowed!' }]
    const poll = async () => {
      const { status, envelope } = await phone.pollRaw()
      return [status, envelope.result.error]
    }
    await box.logins({ push_allow_polling: 'deny' })
    expect(await poll()).toEqual(denied)
    await box.logins({ push_allow_polling: 'token' })
    expect(await poll()).toEqual([200, undefined])
    await admin.call('POST', `/token/info/${phone.serial}/polling_allowed`, { value: 'False' })
    expect(await poll()).toEqual(denied)
    await box.logins({ push_allow_polling: 'allow' })
    expect(await poll()).toEqual([200, undefined])
    await box.logins(null)
  })

  it('costs the object no second signature', async () => {
    const { user, phone } = await box.phone()
    const { challenge } = await box.asked(user, phone)
    const inside = await objectOf(d, phone.serial)
    const [kept] = await inside.rows<{ wire: string }>('select wire from challenge')
    expect(JSON.parse(kept!.wire)).toEqual(challenge)
    expect(await phone.poll()).toEqual([challenge])
  })
})

describe('a decline', () => {
  it.each([
    ['without a reason', undefined, 'declined'],
    ['because nobody asked', 'unknown_trigger', 'not_me'],
    ['because the person thought better of it', 'cancelled', 'cancelled'],
  ] as const)('%s is final', async (_, reason, noted) => {
    const { user, phone } = await box.phone()
    const { transactionId, challenge } = await box.asked(user, phone)
    expect(valueOf(await phone.decline(challenge, reason))).toBe(true)
    expect(await box.statusOf(transactionId)).toBe('declined')
    expect(valueOf(await phone.accept(challenge))).toBe(false)
    expect(await box.redeemed(user, transactionId)).toBe(false)
    expect(await phone.poll()).toEqual([])
    const inside = await objectOf(d, phone.serial)
    expect(await inside.rows('select reason from txn where id = ?', transactionId)).toEqual([
      { reason: noted },
    ])
  })

  it('with a reason that nobody knows is one all the same', async () => {
    const { user, phone } = await box.phone()
    const { transactionId, challenge } = await box.asked(user, phone)
    const answer = { decline: '1', decline_reason: 'bored' }
    expect(valueOf(await phone.answer(challenge, answer))).toBe(true)
    expect(await box.statusOf(transactionId)).toBe('declined')
  })

  it('cannot be made an approval on the road, nor its reason changed', async () => {
    const { user, phone } = await box.phone()
    const { transactionId, challenge } = await box.asked(user, phone)
    const { nonce } = challenge
    const send = async (body: Record<string, string>, signedText: string) => {
      const fields = {
        serial: phone.serial,
        nonce,
        ...body,
        signature: await phone.sign(signedText),
      }
      const response = await d.fetch('/ttype/push', {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: String(new URLSearchParams(fields)),
      })
      return ((await response.json()) as { result: { value: unknown } }).result.value
    }
    const declined = `${nonce}|${phone.serial}|decline`
    expect(await send({}, declined)).toBe(false)
    // The word that declines, taken for what was pressed.
    expect(await send({ presence_answer: 'decline' }, declined)).toBe(false)
    expect(await send({ presence_answer: 'decline|cancelled' }, `${declined}|cancelled`)).toBe(
      false,
    )
    expect(await send({ decline: '1' }, `${declined}|unknown_trigger`)).toBe(false)
    expect(await send({ decline: '1', decline_reason: 'cancelled' }, declined)).toBe(false)
    expect(await send({ decline: '1' }, `${nonce}|${phone.serial}`)).toBe(false)
    expect(await box.statusOf(transactionId)).toBe('pending')
    expect(await send({ decline: '1' }, declined)).toBe(true)
  })
})

describe('an answer', () => {
  it('that is forged is answered, not accepted, and wakes nobody where it names its challenge', async () => {
    const { user, phone } = await box.phone()
    const { transactionId, challenge } = await box.asked(user, phone)
    const forged = { signature: 'MZXW6YTB' }
    for (const instead of [forged, { ...forged, nonce: 'A'.repeat(60) }, { nonce: 'short' }]) {
      const { given, cost } = await costOf(d, () => phone.answer(challenge, {}, instead))
      expect([given.status, valueOf(given)]).toEqual([200, false])
      expect(cost.objects).toBe(0)
    }
    const other = await box.phone()
    const theirs = await box.asked(other.user, other.phone)
    expect(valueOf(await phone.accept(theirs.challenge))).toBe(false)
    expect(await box.statusOf(transactionId)).toBe('pending')
    expect(valueOf(await phone.accept(challenge))).toBe(true)
    expect(valueOf(await phone.accept(challenge))).toBe(false)
  })

  it('without its challenge’s name is taken for the one that it is over', async () => {
    const { user, phone } = await box.phone({ generation: 'nonceless' })
    const first = await box.asked(user, phone)
    await d.payroll.trigger({ user })
    expect(await phone.poll()).toHaveLength(2)
    expect(valueOf(await phone.answer(first.challenge, {}, { signature: 'MZXW6YTB' }))).toBe(false)
    expect(valueOf(await phone.accept(first.challenge))).toBe(true)
    expect(await box.statusOf(first.transactionId)).toBe('accept')
    expect(await phone.poll()).toHaveLength(1)
  })

  it('for a serial that nobody has is 404, and one without a signature 400', async () => {
    const post = async (body: Record<string, string>) => {
      const response = await d.fetch('/ttype/push', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
      const { result } = (await response.json()) as { result: { error: object } }
      return [response.status, result.error]
    }
    expect(await post({ serial: 'PIPU00000000', nonce: 'a', signature: 'b' })).toEqual([
      404,
      { code: 601, message: 'The requested token could not be found.' },
    ])
    expect(await post({ serial: 'PIPU00000000', nonce: 'a' })).toEqual([
      400,
      { code: 905, message: 'ERR905: Missing parameters!' },
    ])
  })

  it('that is late is refused, and in time it is redeemed within the grace and not after', async () => {
    const time = clock()
    const { user, phone } = await box.phone()
    const late = await box.asked(user, phone)
    time.forward(120)
    expect(valueOf(await phone.accept(late.challenge))).toBe(false)
    expect(await phone.poll()).toEqual([])
    const good = await box.asked(user, phone)
    time.forward(119)
    expect(valueOf(await phone.accept(good.challenge))).toBe(true)
    time.forward(300)
    expect(await box.redeemed(user, good.transactionId)).toBe(true)
    time.stop()
  })

  it('of two phones of a person: the first one decides', async () => {
    const { user, phone } = await box.phone()
    const { phone: second } = await box.phone({ user, keys: await phoneKeys(2048) })
    const { envelope } = await d.payroll.trigger({ user })
    expect(envelope.result.value).toBe(2)
    const [one] = await phone.poll()
    const [two] = await second.poll()
    expect(valueOf(await second.decline(two!))).toBe(true)
    expect(valueOf(await phone.accept(one!))).toBe(false)
    expect(await box.statusOf(envelope.detail!.transaction_id!)).toBe('declined')
  })

  it('leaves a receipt that says that the text was not covered', async () => {
    const { user, phone } = await box.phone()
    const { transactionId, challenge } = await box.asked(user, phone)
    await phone.accept(challenge)
    const { envelope } = await d.payroll.redeem({ user }, transactionId)
    const receipt = decodeJwt(envelope.detail?.receipt ?? '')
    expect(receipt).toMatchObject({ verdict: 'approved', textCovered: false })
    expect(JSON.parse(String(receipt.challenge))).toEqual(challenge)
    expect(JSON.parse(String(receipt.answer))).toMatchObject({
      signed: `${challenge.nonce}|${phone.serial}`,
    })
  })
})

describe('a phone whose token is', () => {
  const cases: [string, (serial: string) => Promise<unknown>, ((serial: string) => unknown)?][] = [
    [
      'disabled',
      (serial) => admin.call('POST', '/token/disable', { serial }),
      (serial) => admin.call('POST', '/token/enable', { serial }),
    ],
    ['revoked', (serial) => admin.call('POST', '/token/revoke', { serial })],
    ['deleted', (serial) => admin.call('DELETE', `/token/${serial}`)],
  ]
  it.each(cases)(
    '%s neither sees nor answers, and its open challenges are over',
    async (...one) => {
      const [, end, mend] = one
      const { user, phone } = await box.phone()
      const { transactionId, challenge } = await box.asked(user, phone)
      await end(phone.serial)
      expect(await box.statusOf(transactionId)).toBe('declined')
      const { envelope } = await phone.pollRaw()
      expect(envelope.result.value ?? []).toEqual([])
      expect(valueOf(await phone.accept(challenge)) ?? false).toBe(false)
      expect(await box.redeemed(user, transactionId)).not.toBe(true)
      if (!mend) return
      await mend(phone.serial)
      const again = await box.asked(user, phone)
      expect(valueOf(await phone.accept(again.challenge))).toBe(true)
    },
  )

  it('reassigned answers no more for the person before, and for the next one as theirs', async () => {
    const { user, phone } = await box.phone()
    const { transactionId, challenge } = await box.asked(user, phone)
    const next = await d.person(`next-${user}`)
    const { serial } = phone
    expect((await admin.call('POST', '/token/unassign', { serial })).status).toBe(200)
    expect(await box.statusOf(transactionId)).toBe('declined')
    expect((await admin.call('POST', '/token/assign', { serial, user: next })).status).toBe(200)
    expect(await phone.poll()).toEqual([])
    expect(valueOf(await phone.accept(challenge))).toBe(false)
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(0)
    const theirs = await box.asked(next, phone)
    expect(valueOf(await phone.accept(theirs.challenge))).toBe(true)
    expect(await box.redeemed(next, theirs.transactionId)).toBe(true)
  })

  it('not finished being enrolled makes no challenge', async () => {
    const user = await d.person('unfinished')
    await box.invite(user)
    const { envelope } = await d.payroll.trigger({ user })
    expect([envelope.result.value, envelope.detail?.transaction_id]).toEqual([0, undefined])
  })
})

describe('Firebase’s new address', () => {
  it('is taken when the phone signs it, once, and never an older one', async () => {
    const { user, phone } = await box.phone({ fbtoken: 'fcm:first' })
    const addressIn = async () => {
      const { envelope } = await d.payroll.token(phone.serial)
      const [token] = (envelope.result.value as { tokens: { info: Record<string, string> }[] })
        .tokens
      return token?.info.firebase_token
    }
    expect(await addressIn()).toBe('fcm:first')
    const time = clock()
    const sign = async (token: string) => {
      const timestamp = new Date().toISOString()
      const signature = await phone.sign(`${token}|${phone.serial}|${timestamp}`)
      return { timestamp, signature }
    }
    const older = await sign('fcm:older')
    time.forward(1)
    expect((await phone.updateFbToken('fcm:newer')).envelope.result.value).toBe(true)
    expect(await addressIn()).toBe('fcm:newer')
    await phone.updateFbToken('fcm:older', older)
    expect(await addressIn()).toBe('fcm:newer')
    for (const [spoilt, error] of [
      [{ signature: 'MZXW6YTB' }, unverified],
      [{ serial: 'PIPU00000000' }, unverified],
    ] as const) {
      const refused = await phone.updateFbToken('fcm:evil', spoilt)
      expect([refused.status, refused.envelope.result.error]).toEqual([400, error])
    }
    time.forward(301)
    expect((await phone.updateFbToken('fcm:evil', older)).envelope.result.error?.code).toBe(10)
    expect(await addressIn()).toBe('fcm:newer')
    const inside = await objectOf(d, phone.serial)
    await box.asked(user, phone)
    const [row] = await inside.rows<{ copy: string }>('select copy from owner')
    expect(row?.copy).toContain('fcm:newer')
    time.stop()
  })
})
