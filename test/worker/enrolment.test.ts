/** Enrolment: three ways in, one use, a few tries; and what an enrolled device may do about itself. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { normaliseCrockford, toCrockford } from '../../schema/crockford.ts'
import { readInvitation } from '../../schema/enrolment-link.ts'
import { sign } from '../../schema/jws.ts'
import { enrolmentLocatorLength, enrolmentTries } from '../../schema/limits.ts'
import { typ } from '../../schema/signing.ts'
import type { Enrolment } from '../support/application.ts'
import {
  DeviceRefused,
  type Enrolling,
  deviceKeys,
  enrol,
  lookAtEnrolment,
} from '../support/virtual-device.ts'
import { type Deployment, clock, costOf, deployment, origin } from './deployment.ts'
import { openSocket } from './socket.ts'

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
async function invited(): Promise<Enrolment & { user: string }> {
  const user = await d.person(`enrol-${people++}`)
  return { user, ...(await d.payroll.invite({ user })) }
}

const finish = (invitation: string, more: Omit<Enrolling, 'invitation'> = {}) =>
  enrol(d.server, { invitation, ...more })

/** The problem document of what must be refused. */
async function refusal(
  work: Promise<unknown>,
): Promise<{ status: number; reason: string } & object> {
  const error = await work.then(
    () => new Error('it was not refused'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof DeviceRefused)) throw error
  return { ...error.problem, status: error.status }
}

const secretOf = (link: string): string => {
  const read = readInvitation(link, origin)
  if (!('secret' in read)) throw new Error('no secret in the link')
  return read.secret
}

/** Another code that the same enrolment is found by. */
function wrongCode(code: string): string {
  const kept = code.slice(0, enrolmentLocatorLength)
  return kept + toCrockford(crypto.getRandomValues(new Uint8Array(8)), code.length - kept.length)
}

async function works(phone: Awaited<ReturnType<typeof finish>>, user: string): Promise<void> {
  const asked = await d.payroll.ask({ user })
  const [challenge] = await phone.list()
  expect(await phone.approve(challenge!, asked.code)).toEqual({
    outcome: 'accepted',
    state: 'approved',
  })
}

describe('a device is enrolled', () => {
  it('by the link', async () => {
    const { user, link, serial } = await invited()
    const phone = await finish(link, { deviceName: 'Pixel' })
    expect(phone).toMatchObject({ serial, issuer: 'Countersign', account: user })
    await works(phone, user)
  })

  it('by twelve characters, read aloud and typed carelessly', async () => {
    let invitation = await invited()
    // Half of all codes have a 0 or a 1, which is what may be misread.
    while (!/[01]/.test(invitation.code)) invitation = await invited()
    const careless = invitation.code
      .replaceAll('0', 'O')
      .replace('1', 'l')
      .replaceAll('1', 'I')
      .toLowerCase()
      .replace(/(.{4})/g, ' $1-')
    expect(normaliseCrockford(careless)).toBe(invitation.code)
    const body = JSON.stringify({ code: careless })
    const headers = { 'content-type': 'application/json', 'Countersign-Protocol': '1' }
    const looked = await d.fetch('/device/enrolment/look', { method: 'POST', headers, body })
    expect(await looked.json()).toMatchObject({ serial: invitation.serial, code: invitation.code })
    const phone = await finish(careless, { spoilt: { code: careless } })
    await works(phone, invitation.user)
  })

  it("by privacyIDEA's code of this server, and of no other", async () => {
    const { user, link } = await invited()
    const pipush = (server: string) =>
      `otpauth://pipush/PIPU?${new URLSearchParams({ url: `${server}/ttype/push`, enrollment_credential: secretOf(link), v: '1' })}`
    expect(readInvitation(pipush('https://other.example.org'), origin)).toEqual({
      problem: 'other_server',
    })
    await works(await finish(pipush(origin)), user)
  })

  it('that the administrator can see, waiting and then enrolled', async () => {
    const { link, serial } = await invited()
    const described = async () => {
      const { tokens } = (await d.payroll.token(serial)).envelope.result.value as {
        tokens: { rollout_state: string; info: { device_name: string } }[]
      }
      return tokens[0]
    }
    expect((await described())?.rollout_state).toBe('clientwait')
    const phone = await finish(link, { deviceName: '  My phone ' })
    expect(await described()).toMatchObject({
      rollout_state: 'enrolled',
      info: { device_name: 'My phone' },
    })
    await phone.rename('Work phone')
    expect((await described())?.info.device_name).toBe('Work phone')
  })

  it('for a token that no person owns', async () => {
    const begun = await d.payroll.initToken({ description: 'Door' })
    const { serial = '', enrolment_url: link = '' } = begun.envelope.detail ?? {}
    const phone = await finish(link)
    expect(phone.account).toBe('Door')
    const { envelope } = await d.payroll.call('POST', '/validate/triggerchallenge', { serial })
    expect(envelope.result.value).toBe(1)
    const [challenge] = await phone.list()
    expect(challenge?.claims.account).toBe('Door')
    const { presence_answer: code = '', transaction_id: transactionId = '' } = envelope.detail ?? {}
    expect((await phone.approve(challenge!, code)).state).toBe('approved')
    const redeemed = await d.payroll.check({ serial, pass: '', transaction_id: transactionId })
    expect(redeemed.envelope.result.value).toBe(true)
  })

  it('with a PIN, which then asks it', async () => {
    const user = await d.person('pinned')
    const phone = await d.device(user, { pin: '1234 ß' })
    const wrong = await d.payroll.check({ user, pass: '1234 ss' })
    expect(wrong.envelope).toMatchObject({
      result: { value: false, authentication: 'REJECT' },
      detail: { message: 'wrong otp pin' },
    })
    expect((await d.payroll.check({ user, pass: '' })).envelope.result.authentication).toBe(
      'REJECT',
    )
    expect(await phone.list()).toEqual([])
    const right = await d.payroll.check({ user, pass: '1234 ß' })
    expect(right.envelope.result).toMatchObject({ value: false, authentication: 'CHALLENGE' })
    expect(await phone.list()).toHaveLength(1)
  })
})

describe('a look', () => {
  it('says what the invitation is for and spends nothing, by link and by code', async () => {
    const { user, link, code, serial } = await invited()
    const byLink = await lookAtEnrolment(d.server, { secret: secretOf(link) })
    expect(byLink).toMatchObject({ issuer: 'Countersign', account: user, serial, code })
    expect(byLink.expiresAt - Math.floor(Date.now() / 1000)).toBeGreaterThan(590)
    expect(new URL(link).hash).toContain(byLink.rootThumbprint)
    expect(await lookAtEnrolment(d.server, { code })).toEqual(byLink)
    await works(await finish(link), user)
    expect(await refusal(lookAtEnrolment(d.server, { secret: secretOf(link) }))).toMatchObject({
      status: 410,
      reason: 'enrolment_spent',
    })
  })

  it('needs a secret or a code, and not both', async () => {
    const { link, code } = await invited()
    const secret = secretOf(link)
    for (const look of [{}, { secret, code }])
      expect(await refusal(lookAtEnrolment(d.server, look))).toMatchObject({
        status: 400,
        field: 'secret',
      })
    expect(await lookAtEnrolment(d.server, { secret })).toMatchObject({ code })
  })
})

describe('an invitation', () => {
  it('enrols one key: the same key again is told the same, another is refused', async () => {
    const { user, link, code } = await invited()
    const keys = await deviceKeys()
    const phone = await finish(link, { keys })
    for (const invitation of [link, code]) {
      expect(await refusal(finish(invitation))).toMatchObject({
        status: 410,
        reason: 'enrolment_spent',
      })
      const again = await finish(invitation, { keys, deviceName: 'Another name' })
      expect({ ...again, publicKey: 0 }).toMatchObject({
        deviceId: phone.deviceId,
        serial: phone.serial,
      })
    }
    await works(phone, user)
  })

  it('is good for ten minutes and not a second longer', async () => {
    time = clock()
    const late = await invited()
    const inTime = await invited()
    time.forward(599)
    await works(await finish(inTime.code), inTime.user)
    time.forward(1)
    expect(await refusal(finish(late.link))).toMatchObject({
      status: 410,
      reason: 'enrolment_expired',
    })
    expect(await refusal(finish(late.code))).toMatchObject({ status: 404 })
    const { user } = late
    await works(await finish((await d.payroll.invite({ user })).link), user)
  })

  it('takes five tries by code, and keeps its link', async () => {
    const spared = await invited()
    const guessed = await invited()
    for (let attempt = 1; attempt < enrolmentTries; attempt++)
      for (const { code } of [spared, guessed])
        expect(await refusal(lookAtEnrolment(d.server, { code: wrongCode(code) }))).toMatchObject({
          status: 404,
          reason: 'enrolment_unknown',
        })
    await works(await finish(spared.code), spared.user)
    // The last try counts wherever it is made.
    expect(await refusal(finish(wrongCode(guessed.code)))).toMatchObject({
      reason: 'enrolment_unknown',
    })
    expect(await refusal(finish(guessed.code))).toMatchObject({
      status: 410,
      reason: 'enrolment_expired',
    })
    // Nobody guesses a link: whoever wears out the code does not take it away.
    await works(await finish(guessed.link), guessed.user)
  })

  it('that was never made wakes no object', async () => {
    const code = toCrockford(crypto.getRandomValues(new Uint8Array(8)), 12)
    const { cost, given } = await costOf(d, () => refusal(lookAtEnrolment(d.server, { code })))
    expect(given).toMatchObject({ status: 404, reason: 'enrolment_unknown' })
    expect(cost.objects).toBe(0)
  })

  it.each([
    ['signed for another server', { aud: 'https://other.example.org' }, 'signature_refused'],
    ['signed long ago', { iat: 1_000_000 }, 'clock_skew'],
    ['with a name that is too long', { deviceName: 'x'.repeat(65) }, 'signature_refused'],
    ['with an empty name', { deviceName: ' ' }, 'signature_refused'],
  ])('is not spent by a proof %s', async (_what, spoilt, reason) => {
    const { user, link } = await invited()
    expect(await refusal(finish(link, { spoilt }))).toMatchObject({ status: 401, reason })
    await works(await finish(link), user)
  })

  it('is not spent by a proof that another key signed, or that is of another kind', async () => {
    const { user, link } = await invited()
    const [keys, others] = [await deviceKeys(), await deviceKeys()]
    const stranger = await enrol(d.server, {
      invitation: (await invited()).link,
      keys: others,
    })
    const claims = {
      aud: origin,
      secret: secretOf(link),
      deviceName: 'Thief',
      iat: Math.floor(Date.now() / 1000),
    }
    const proofs = [
      await sign(typ.enrolment, claims, { key: keys.privateKey, jwk: stranger.publicKey }),
      await sign(typ.request, claims, { key: others.privateKey, jwk: stranger.publicKey }),
    ]
    for (const proof of proofs) {
      const response = await d.fetch('/device/enrolment/finish', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'Countersign-Protocol': '1' },
        body: JSON.stringify({ proof }),
      })
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ reason: 'signature_refused', field: 'proof' })
    }
    await works(await finish(link), user)
  })
})

describe('a device that leaves', () => {
  it('takes its token, its open questions and its socket with it', async () => {
    const { user, link, serial } = await invited()
    const keys = await deviceKeys()
    const phone = await finish(link, { keys })
    const app = await openSocket(d, phone)
    const asked = await d.payroll.ask({ user })
    expect((await app.heard(1))[0]).toMatchObject({ type: 'challenge' })
    expect(app.isOpen()).toBe(true)

    await phone.leave()
    expect((await app.closed()).code).toBe(4401)
    expect((await d.payroll.token(serial)).envelope.result.value).toMatchObject({ count: 0 })
    const { detail } = (await d.payroll.poll(asked.transactionId)).envelope
    expect(detail?.challenge_status).toBe('declined')
    expect(await refusal(phone.overview())).toMatchObject({ status: 401, reason: 'unknown_device' })
    // Its invitation was spent by it, and does not bring it back.
    expect(await refusal(finish(link, { keys }))).toMatchObject({ reason: 'enrolment_spent' })
    const trigger = await d.payroll.trigger({ user })
    expect(trigger.envelope).toMatchObject({
      result: { value: 0 },
      detail: { message: 'The user has no tokens assigned' },
    })
    await works(await finish((await d.payroll.invite({ user })).link, { keys }), user)
  })

  it("leaves the person's other devices what they have", async () => {
    const { user, link } = await invited()
    const leaving = await finish(link)
    const staying = await d.device(user)
    const app = await openSocket(d, staying)
    const asked = await d.payroll.ask({ user })
    await app.heard(1)
    await leaving.leave()
    const [challenge] = await staying.list()
    expect((await staying.approve(challenge!, asked.code)).state).toBe('approved')
    expect(await app.heard(2)).toMatchObject([
      { type: 'challenge' },
      { type: 'ended', state: 'approved' },
    ])
    expect(app.isOpen()).toBe(true)
    app.socket.close()
  })
})
