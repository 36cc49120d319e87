/** What a device signs: accepted as it is, from whom it is, for what it is, in time and once. A refusal burns nothing. */
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AnswerAnswer } from '../../schema/device.ts'
import { fromBase64url, sha256, toBase64url, utf8 } from '../../schema/encoding.ts'
import { sign } from '../../schema/jws.ts'
import { type AnswerClaims, typ } from '../../schema/signing.ts'
import { DeviceRefused, type VirtualDevice, enrol } from '../support/virtual-device.ts'
import * as v from 'valibot'
import { type Deployment, clock, deployment, origin } from './deployment.ts'
import { objectOf } from './object.ts'
import { askForSocket, openSocket, socketPath } from './socket.ts'

let d: Deployment
let time: ReturnType<typeof clock>
beforeAll(async () => {
  time = clock()
  time.forward(86_400)
  d = await deployment()
})
afterAll(() => time.stop())

let people = 0
async function asked() {
  const user = await d.person(`answerer${++people}`)
  const phone = await d.device(user)
  return { user, phone, ...(await askMore(user, phone)) }
}
async function askMore(user: string, phone: VirtualDevice) {
  const transaction = await d.payroll.ask({ user })
  return { transaction, challenge: (await phone.list())[0]! }
}
type Asked = Awaited<ReturnType<typeof asked>>

const nowSeconds = () => Math.floor(Date.now() / 1000)
const right = ({ transaction }: Asked) => ({
  decision: 'approve' as const,
  code: transaction.code,
})
/** @returns why it was refused, and which field is to blame; null where it was not. */
async function refusalOf(work: Promise<unknown>): Promise<[number, string] | null> {
  try {
    await work
    return null
  } catch (error) {
    if (!(error instanceof DeviceRefused)) throw error
    return [error.status, error.problem.reason]
  }
}
/** After whatever was refused: the question is open, the right answer counts, the approval is redeemed. */
async function nothingBurnt(one: Asked): Promise<void> {
  expect((await one.phone.look(one.challenge.challenge)).state).toBe('pending')
  expect(await one.phone.approve(one.challenge, one.transaction.code)).toEqual({
    outcome: 'accepted',
    state: 'approved',
  })
  const redeemed = await d.payroll.redeem({ user: one.user }, one.transaction.transactionId)
  expect(redeemed.envelope.result.authentication).toBe('ACCEPT')
}

const claimsOf = (jws: string): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(fromBase64url(jws.split('.')[1]!)!))

function withPart(jws: string, index: 0 | 1, change: (part: Record<string, unknown>) => object) {
  const parts = jws.split('.')
  const part = JSON.parse(new TextDecoder().decode(fromBase64url(parts[index]!)!))
  parts[index] = toBase64url(utf8(JSON.stringify(change(part))))
  return parts.join('.')
}

describe('a tampered answer is refused', () => {
  const tampered: Record<string, (jws: string, one: Asked) => string> = {
    'a decline turned into an approval': (jws) =>
      withPart(jws, 1, (claims) => ({ ...claims, decision: 'approve' })),
    'another code put in': (jws) => withPart(jws, 1, (claims) => ({ ...claims, code: 'AAAA' })),
    'a reason added': (jws) => withPart(jws, 1, (claims) => ({ ...claims, reason: 'cancelled' })),
    'another time': (jws) => withPart(jws, 1, (claims) => ({ ...claims, iat: nowSeconds() - 1 })),
    'the signature cut short': (jws) => jws.slice(0, -4),
    'a bit of the signature turned': (jws) => {
      const [header, payload, signature] = jws.split('.')
      const bytes = fromBase64url(signature!)!
      bytes[10]! ^= 1
      return `${header}.${payload}.${toBase64url(bytes)}`
    },
    'no algorithm': (jws) => withPart(jws, 0, (header) => ({ ...header, alg: 'none' })),
    'an HMAC by the public key': (jws) =>
      withPart(jws, 0, (header) => ({ ...header, alg: 'HS256' })),
    'another type': (jws) => withPart(jws, 0, (header) => ({ ...header, typ: typ.request })),
  }
  it.each(Object.entries(tampered))('(%s)', async (_, tamper) => {
    const one = await asked()
    const jws = await one.phone.signAnswer(one.challenge, { decision: 'decline' })
    const refused = await refusalOf(one.phone.sendAnswer(tamper(jws, one)))
    expect(refused).toEqual([401, 'signature_refused'])
    await nothingBurnt(one)
  })

  it('(a reason taken away)', async () => {
    const one = await asked()
    const jws = await one.phone.signAnswer(one.challenge, { decision: 'decline', reason: 'not_me' })
    const softened = withPart(jws, 1, ({ reason: _, ...claims }) => claims)
    expect(await refusalOf(one.phone.sendAnswer(softened))).toEqual([401, 'signature_refused'])
    expect((await one.phone.sendAnswer(jws)).state).toBe('declined')
  })
})

describe('an answer that was signed for something else is refused', () => {
  const spoilt: Record<string, [Partial<AnswerClaims>, [number, string]]> = {
    'for another server': [{ aud: 'https://evil.example' }, [401, 'signature_refused']],
    'for our host by another scheme': [
      { aud: origin.replace('https', 'http') },
      [401, 'signature_refused'],
    ],
    'over another text than was asked': [
      { challengeHash: 'A'.repeat(43) },
      [409, 'challenge_mismatch'],
    ],
    'over a hash that is none': [{ challengeHash: 'short' }, [401, 'signature_refused']],
    'for a challenge that is none': [{ challenge: 'x'.repeat(60) }, [404, 'unknown_challenge']],
    'with a decision that is none': [
      { decision: 'maybe' as 'approve' },
      [401, 'signature_refused'],
    ],
  }
  it.each(Object.entries(spoilt))('(%s)', async (_, [claims, expected]) => {
    const one = await asked()
    const jws = await one.phone.signAnswer(one.challenge, { ...right(one), ...claims })
    expect(await refusalOf(one.phone.sendAnswer(jws))).toEqual(expected)
    await nothingBurnt(one)
  })

  it('(as a request, an enrolment or a challenge: each JWS has a type of its own)', async () => {
    const one = await asked()
    const claims = claimsOf(await one.phone.signAnswer(one.challenge, right(one)))
    const signer = {
      key: one.phone.keys.privateKey,
      kid: one.phone.deviceId,
      jwk: one.phone.publicKey,
    }
    for (const other of [typ.request, typ.enrolment, typ.challenge, typ.receipt]) {
      const jws = await sign(other, claims, signer)
      expect(await refusalOf(one.phone.sendAnswer(jws))).toEqual([401, 'signature_refused'])
    }
    await nothingBurnt(one)
  })

  it("(another transaction's challenge text under this one's id)", async () => {
    const one = await asked()
    const two = await askMore(one.user, one.phone)
    const swapped = { challenge: one.challenge.challenge, jws: two.challenge.jws }
    expect(await refusalOf(one.phone.approve(swapped, one.transaction.code))).toEqual([
      409,
      'challenge_mismatch',
    ])
    await d.payroll.cancel(two.transaction.transactionId)
    await nothingBurnt(one)
  })
})

describe('an answer by another device is refused', () => {
  it("(another device's key under this device's id)", async () => {
    const one = await asked()
    const thief = await d.device(await d.person(`thief${people}`))
    const claims = claimsOf(await one.phone.signAnswer(one.challenge, right(one)))
    const thiefs = { key: thief.keys.privateKey, jwk: thief.publicKey }
    const underTheirs = await sign(typ.answer, claims, { ...thiefs, kid: one.phone.deviceId })
    expect(await refusalOf(thief.sendAnswer(underTheirs))).toEqual([401, 'unknown_device'])
    const withTheirKey = { key: thief.keys.privateKey, jwk: one.phone.publicKey }
    const forged = await sign(typ.answer, claims, { ...withTheirKey, kid: one.phone.deviceId })
    expect(await refusalOf(thief.sendAnswer(forged))).toEqual([401, 'signature_refused'])
    const own = await sign(typ.answer, claims, { ...thiefs, kid: thief.deviceId })
    expect(await refusalOf(thief.sendAnswer(own))).toEqual([404, 'unknown_challenge'])
    await nothingBurnt(one)
  })

  it("(this person's other device, over the text that was made for the first)", async () => {
    const one = await asked()
    const laptop = await d.device(one.user, { name: 'Laptop' })
    // Enrolled after the question was asked: it was not asked.
    expect(await laptop.list()).toEqual([])
    expect(await refusalOf(laptop.approve(one.challenge, one.transaction.code))).toEqual([
      404,
      'unknown_challenge',
    ])
    const both = await askMore(one.user, one.phone)
    const onPhone = both.challenge
    expect(await refusalOf(laptop.approve(onPhone, both.transaction.code))).toEqual([
      409,
      'challenge_mismatch',
    ])
    const onLaptop = (await laptop.list()).find((c) => c.challenge === onPhone.challenge)!
    expect((await laptop.approve(onLaptop, both.transaction.code)).outcome).toBe('accepted')
    await nothingBurnt(one)
  })

  it("(another person's challenge looked at)", async () => {
    const one = await asked()
    const stranger = await d.device(await d.person(`stranger${people}`))
    expect(await refusalOf(stranger.look(one.challenge.challenge))).toEqual([
      404,
      'unknown_challenge',
    ])
    expect(await stranger.read(one.challenge.jws)).toBeNull()
    await nothingBurnt(one)
  })

  const retirements: Record<string, { set: string; reason: string; undo?: string }> = {
    disabled: { set: 'active = 0', reason: 'device_retired', undo: 'active = 1' },
    revoked: { set: 'revoked = 1', reason: 'device_retired' },
    deleted: { set: '', reason: 'unknown_device' },
  }
  it.each(Object.entries(retirements))('(one that was %s)', async (_, { set, reason, undo }) => {
    const one = await asked()
    const jws = await one.phone.signAnswer(one.challenge, right(one))
    const { serial } = one.phone
    const { stub } = await objectOf(d, serial)
    const { owner_id: ownerId } = (await env.DB.prepare('select * from tokens where serial = ?')
      .bind(serial)
      .first<{ owner_id: string }>())!
    const change = async (statement: string) => {
      await env.DB.prepare(statement).bind(serial).run()
      const object = stub as unknown as { tokensChanged(address: object): Promise<void> }
      await object.tokensChanged({ ownerId, customer: 'default' })
    }
    await change(
      set ? `update tokens set ${set} where serial = ?` : 'delete from tokens where serial = ?',
    )
    const status = reason === 'unknown_device' ? 401 : 403
    expect(await refusalOf(one.phone.sendAnswer(jws))).toEqual([status, reason])
    expect(await refusalOf(one.phone.list())).toEqual([status, reason])
    expect(await refusalOf(one.phone.rename('x'))).toEqual([status, reason])
    const socket = await askForSocket(d, await one.phone.signRequest('GET', socketPath))
    expect(await socket.json()).toMatchObject({ status, reason })
    // What only it could have answered is over.
    const { transactionId } = one.transaction
    const over = await d.payroll.redeem({ user: one.user }, transactionId)
    expect(over.envelope.result.authentication).toBe('DECLINED')
    if (undo) await change(`update tokens set ${undo} where serial = ?`)
    const phone = undo ? one.phone : await d.device(one.user)
    await nothingBurnt({ ...one, phone, ...(await askMore(one.user, phone)) })
  })

  it('(an approval of a device that was retired before it was redeemed)', async () => {
    const one = await asked()
    await one.phone.approve(one.challenge, one.transaction.code)
    await one.phone.leave()
    const over = await d.payroll.redeem({ user: one.user }, one.transaction.transactionId)
    expect(over.envelope.result.value).toBe(false)
    const phone = await d.device(one.user)
    await nothingBurnt({ ...one, phone, ...(await askMore(one.user, phone)) })
  })
})

describe('an answer after the answer', () => {
  it('changes nothing, and is told how it stands', async () => {
    const one = await asked()
    await one.phone.decline(one.challenge, 'not_me')
    expect(await one.phone.approve(one.challenge, one.transaction.code)).toEqual({
      outcome: 'already_answered',
      state: 'declined',
    })
    const next = { ...one, ...(await askMore(one.user, one.phone)) }
    await nothingBurnt(next)
    for (const work of [
      one.phone.decline(next.challenge, 'not_me'),
      one.phone.approve(next.challenge, next.transaction.code),
    ])
      expect(await work).toEqual({ outcome: 'already_answered', state: 'redeemed' })
    expect((await d.payroll.poll(next.transaction.transactionId)).envelope.result.value).toBe(false)
  })

  it('is the same answer again where the device did not hear us, for as long as it is known', async () => {
    const one = await asked()
    const jws = await one.phone.signAnswer(one.challenge, right(one))
    const first = await one.phone.sendAnswer(jws)
    time.forward(30)
    expect(await one.phone.sendAnswer(jws)).toEqual(first)
    time.forward(31)
    // Too old to be sent: by then its device has asked how it stands.
    expect(await refusalOf(one.phone.sendAnswer(jws))).toEqual([401, 'clock_skew'])
    expect((await one.phone.look(one.challenge.challenge)).state).toBe('approved')
    const { envelope } = await d.payroll.redeem({ user: one.user }, one.transaction.transactionId)
    expect(envelope.result.value).toBe(true)
  })

  it('never reopens what was cancelled', async () => {
    const one = await asked()
    await d.payroll.cancel(one.transaction.transactionId)
    expect(await one.phone.approve(one.challenge, one.transaction.code)).toEqual({
      outcome: 'already_answered',
      state: 'cancelled',
    })
    await nothingBurnt({ ...one, ...(await askMore(one.user, one.phone)) })
  })
})

describe('an answer too late', () => {
  it('is in time in the last second, and too late in the next', async () => {
    const one = await asked()
    const late = { ...one, ...(await askMore(one.user, one.phone)) }
    const { exp } = one.challenge.claims
    expect(late.challenge.claims.exp).toBe(exp)
    time.toMs(exp * 1000 - 1)
    expect(await one.phone.list()).toHaveLength(2)
    expect((await one.phone.approve(one.challenge, one.transaction.code)).outcome).toBe('accepted')
    time.toMs(exp * 1000)
    expect(await one.phone.list()).toEqual([])
    const tooLate = { outcome: 'too_late', state: 'expired' }
    expect(await late.phone.approve(late.challenge, late.transaction.code)).toEqual(tooLate)
    expect(await late.phone.decline(late.challenge, 'not_me')).toEqual(tooLate)
    expect((await late.phone.look(late.challenge.challenge)).state).toBe('expired')
    const { envelope } = await d.payroll.redeem({ user: one.user }, late.transaction.transactionId)
    expect(envelope.result.authentication).toBe('REJECT')
    // The one that was in time is as good as ever.
    const inTime = await d.payroll.redeem({ user: one.user }, one.transaction.transactionId)
    expect(inTime.envelope.result.authentication).toBe('ACCEPT')
    await nothingBurnt({ ...one, ...(await askMore(one.user, one.phone)) })
  })
})

describe('the list of open challenges', () => {
  it('has the newest first, also of those made within one second', async () => {
    const one = await asked()
    const two = await askMore(one.user, one.phone)
    time.forward(1)
    const three = await askMore(one.user, one.phone)
    const listed = (await one.phone.list()).map(({ challenge }) => challenge)
    expect(listed).toEqual([three, two, one].map(({ challenge }) => challenge.challenge))
    await nothingBurnt(one)
  })
})

describe('a device with a wrong clock', () => {
  it.each([-3600, -61, 61, 3600])(
    'that is off by %d s is told the time, signs again and is heard',
    async (offSeconds) => {
      const user = await d.person(`clock${++people}`)
      const { link } = await d.payroll.invite({ user })
      let correctedMs = 0
      const server = { ...d.server, nowMs: () => Date.now() + offSeconds * 1000 + correctedMs }
      const refused = await enrol(server, { invitation: link }).catch((error) => error)
      expect(refused).toMatchObject({ status: 401, problem: { reason: 'clock_skew' } })
      correctedMs = -offSeconds * 1000
      const phone = await enrol(server, { invitation: link })
      const transaction = await d.payroll.ask({ user })
      const challenge = (await phone.list())[0]!
      correctedMs = 0
      const tooOld = await phone.call('GET', '/device/challenges')
      expect(await tooOld.json()).toMatchObject({ status: 401, reason: 'clock_skew' })
      // As the app does it: the offset from the answer's Date, once.
      const date = Date.parse(tooOld.headers.get('Date') ?? '')
      const offsetMs = date - server.nowMs()
      expect(Math.abs(offsetMs + offSeconds * 1000)).toBeLessThanOrEqual(1000)
      const early = phone.approve(challenge, transaction.code)
      expect(await refusalOf(early)).toEqual([401, 'clock_skew'])
      correctedMs = offsetMs
      expect((await phone.approve(challenge, transaction.code)).outcome).toBe('accepted')
    },
  )

  it('that is off by a minute is heard', async () => {
    const one = await asked()
    for (const off of [-60, 60]) {
      const response = await one.phone.call('GET', '/device/challenges', {
        spoilt: { iat: nowSeconds() + off },
      })
      expect(response.status).toBe(200)
    }
    await nothingBurnt(one)
  })
})

describe('a signed request', () => {
  const changes: Record<string, { method: string; path: string; body?: string }> = {
    'PUT /device/subscription': {
      method: 'PUT',
      path: '/device/subscription',
      body: JSON.stringify({ subscription: null }),
    },
    'PATCH /device': { method: 'PATCH', path: '/device', body: JSON.stringify({ name: 'Tablet' }) },
    'DELETE /device': { method: 'DELETE', path: '/device' },
  }
  it.each(Object.entries(changes))('(%s) is good once', async (_, { method, path, body }) => {
    const { phone, user } = await asked()
    const spoilt = { iat: nowSeconds() + 60 }
    const options = body === undefined ? {} : { body }
    const jws = await phone.signRequest(method, path, { ...options, spoilt })
    const send = () => phone.call(method, path, { ...options, authorization: `Countersign ${jws}` })
    const first = await send()
    expect([first.status, await first.json()]).toEqual([200, { done: true }])
    for (const seconds of [0, 60, 59, 1]) {
      time.forward(seconds)
      const again = await send()
      expect(again.status).toBe(401)
      const reason = method === 'DELETE' ? 'unknown_device' : 'replayed'
      expect(await again.json()).toMatchObject({ reason })
    }
    time.forward(1)
    expect(await (await send()).json()).toMatchObject({ reason: 'clock_skew' })
    if (method === 'DELETE') return void (await d.device(user))
    expect((await phone.call(method, path, options)).status).toBe(200)
  })

  it('(for a socket) is good once', async () => {
    const { phone } = await asked()
    const jws = await phone.signRequest('GET', socketPath)
    const opened = await askForSocket(d, jws)
    expect(opened.status).toBe(101)
    opened.webSocket?.accept()
    const again = await askForSocket(d, jws)
    expect([again.status, await again.json()]).toEqual([
      401,
      expect.objectContaining({ reason: 'replayed' }),
    ])
    const { socket, isOpen } = await openSocket(d, phone)
    expect(isOpen()).toBe(true)
    socket.close()
    opened.webSocket?.close()
  })

  type Signed = Parameters<VirtualDevice['signRequest']>
  const rename = JSON.stringify({ name: 'Tablet' })
  const others: Record<string, Signed> = {
    'another method': ['PUT', '/device', { body: rename }],
    'another path': ['PATCH', '/device/', { body: rename }],
    'a query that was not sent': ['PATCH', '/device?x=1', { body: rename }],
    'another body': ['PATCH', '/device', { body: JSON.stringify({ name: 'Thief' }) }],
    'the same body spaced otherwise': ['PATCH', '/device', { body: '{ "name": "Tablet" }' }],
    'no body': ['PATCH', '/device', {}],
    'another server': [
      'PATCH',
      '/device',
      { body: rename, spoilt: { aud: 'https://evil.example' } },
    ],
    'a one-use id too short to be one': [
      'PATCH',
      '/device',
      { body: rename, spoilt: { jti: 'short' } },
    ],
  }
  it.each(Object.entries(others))('signed over %s is refused', async (_, signed) => {
    const { phone } = await asked()
    const authorization = `Countersign ${await phone.signRequest(...signed)}`
    const refused = await phone.call('PATCH', '/device', { body: rename, authorization })
    expect([refused.status, await refused.json()]).toEqual([
      401,
      expect.objectContaining({ reason: 'signature_refused', field: 'Authorization' }),
    ])
    const genuine = await phone.call('PATCH', '/device', { body: rename })
    expect(genuine.status).toBe(200)
    const name = await env.DB.prepare('select device_name as name from tokens where serial = ?')
      .bind(phone.serial)
      .first()
    expect(name).toEqual({ name: 'Tablet' })
  })

  it('covers the query too', async () => {
    const { phone } = await asked()
    const authorization = `Countersign ${await phone.signRequest('GET', '/device/challenges')}`
    const response = await phone.call('GET', '/device/challenges?all=1', { authorization })
    expect(response.status).toBe(401)
    expect((await phone.call('GET', '/device/challenges?all=1')).status).toBe(200)
  })

  it('does not stand in for an answer, nor an answer for it', async () => {
    const one = await asked()
    const answer = await one.phone.signAnswer(one.challenge, right(one))
    const list = await one.phone.call('GET', '/device/challenges', {
      authorization: `Countersign ${answer}`,
    })
    expect(list.status).toBe(401)
    const request = await one.phone.signRequest('POST', '/device/answers')
    expect(await refusalOf(one.phone.sendAnswer(request))).toEqual([401, 'signature_refused'])
    await nothingBurnt(one)
  })

  it('that only looks may be repeated', async () => {
    const { phone } = await asked()
    const authorization = `Countersign ${await phone.signRequest('GET', '/device/challenges')}`
    for (let round = 0; round < 3; round++)
      expect((await phone.call('GET', '/device/challenges', { authorization })).status).toBe(200)
  })
})

describe('what an answer is kept as', () => {
  it('proves in the receipt which text was answered, by which key', async () => {
    const one = await asked()
    const jws = await one.phone.signAnswer(one.challenge, right(one))
    expect(v.is(AnswerAnswer, await one.phone.sendAnswer(jws))).toBe(true)
    const { envelope } = await d.payroll.redeem({ user: one.user }, one.transaction.transactionId)
    const receipt = claimsOf(envelope.detail?.receipt ?? '')
    expect(receipt).toMatchObject({
      iss: origin,
      verdict: 'approved',
      challenge: one.challenge.jws,
      answer: jws,
      transactionHash: await sha256(one.transaction.transactionId),
    })
    expect(claimsOf(jws)['challengeHash']).toBe(await sha256(one.challenge.jws))
  })
})
