/** The six-digit codes of our own app: made with the device, sealed to it, good while it is, and nothing without it. */
import { beforeAll, describe, expect, it } from 'vitest'
import { agreementKeys, exportPublic, openHmac } from '../../schema/sealed.ts'
import { sign } from '../../schema/jws.ts'
import { typ } from '../../schema/signing.ts'
import type { Application } from '../support/application.ts'
import { type VirtualDevice, deviceKeys, enrol, publicJwkOf } from '../support/virtual-device.ts'
import { type Deployment, adminPassword, deployment, origin } from './deployment.ts'

let d: Deployment
let admin: Application
let people = 0
beforeAll(async () => {
  d = await deployment()
  const { envelope } = await d.payroll.auth('admin', adminPassword)
  admin = d.payroll.as({ token: (envelope.result.value as { token: string }).token })
})

type Finished = Pick<VirtualDevice, 'codes'>

/** RFC 6238 with a key that nobody can read, as the app does it. */
async function codeOf(finished: Finished, agreement: CryptoKeyPair, atMs = Date.now()) {
  const { codes } = finished
  if (!codes) throw new Error('no codes')
  const { serial: purpose, hash } = codes
  const key = await openHmac(codes.seed, agreement, { purpose, hash })
  if (!key) throw new Error('the seed does not open')
  expect(key.extractable).toBe(false)
  const counter = new DataView(new ArrayBuffer(8))
  counter.setBigUint64(0, BigInt(Math.floor(atMs / 1000 / codes.stepSeconds)))
  const mac = new DataView(await crypto.subtle.sign('HMAC', key, counter.buffer))
  const at = mac.getUint8(mac.byteLength - 1) & 15
  return String((mac.getUint32(at) & 0x7fffffff) % 10 ** codes.digits).padStart(codes.digits, '0')
}

async function someone({ pin = '4711' } = {}) {
  const user = await d.person(`coded-${people++}`)
  const begun = await d.payroll.initToken({ user, pin })
  const invitation = begun.envelope.detail?.enrolment_url ?? ''
  const agreement = await agreementKeys()
  const keys = await deviceKeys()
  const phone = await enrol(d.server, { invitation, deviceName: 'Pixel', agreement, keys })
  return { user, pin, invitation, agreement, keys, phone, serial: phone.codes?.serial ?? '' }
}
const passes = async (user: string, pass: string) =>
  (await d.payroll.check({ user, pass })).envelope.result.value
const listed = async (user: string) => {
  const { envelope } = await admin.call('GET', `/token/?user=${user}`)
  return (envelope.result.value as { tokens: Record<string, unknown>[] }).tokens
}
const post = (path: string, body: object = {}) => admin.call('POST', `/token/${path}`, body)

describe('codes with the device', () => {
  it('let in behind the PIN of the device, each once, without a further scan', async () => {
    const { user, pin, phone, agreement } = await someone()
    const code = await codeOf(phone, agreement)
    expect(await passes(user, code)).toBe(false)
    expect(await passes(user, `0000${code}`)).toBe(false)
    expect(await passes(user, pin + code)).toBe(true)
    expect(await passes(user, pin + code)).toBe(false)
    expect((await phone.overview()).codes).toBe(true)
  })

  it('follow the PIN of the device when that changes', async () => {
    const { user, phone, agreement } = await someone()
    const code = await codeOf(phone, agreement)
    await post(`setpin/${phone.serial}`, { otppin: 'other' })
    expect(await passes(user, `4711${code}`)).toBe(false)
    expect(await passes(user, `other${code}`)).toBe(true)
  })

  it('answer a question that asks the device, which plugins still show first', async () => {
    const { user, phone, agreement, serial } = await someone()
    const { envelope } = await d.payroll.trigger({ user })
    const { detail } = envelope
    expect(detail).toMatchObject({
      serial: phone.serial,
      client_mode: 'poll',
      preferred_client_mode: 'poll',
      presence_answer: expect.stringMatching(/^\w{4}$/),
    })
    expect(detail?.message).toMatch(/Type this code there: \w{4}, please enter otp: $/)
    const transaction_id = detail?.transaction_id
    const code = await codeOf(phone, agreement)
    const wrong = String((Number(code) + 1) % 1e6).padStart(6, '0')
    const redeem = async (pass: string) =>
      (await d.payroll.check({ user, pass, transaction_id })).envelope
    expect((await redeem(wrong)).result.value).toBe(false)
    const right = await redeem(code)
    expect([right.result.value, right.detail?.serial]).toEqual([true, serial])
  })

  it('are a row of their own in lists, bound to the device, and count in no limit', async () => {
    await admin.call('POST', '/policy/few', {
      scope: 'enrollment',
      realm: '',
      action: { max_token_per_user: 1, totp_max_token_per_user: 0 },
    })
    try {
      const { user, phone, serial } = await someone()
      expect(await listed(user)).toMatchObject([
        { serial: phone.serial, tokentype: 'push' },
        {
          serial,
          tokentype: 'totp',
          active: true,
          info: { device_serial: phone.serial, hashlib: 'sha256' },
        },
      ])
      const second = await d.payroll.initToken({ user, pin: '4711' })
      expect(second.envelope.result.error?.message).toMatch(/token/i)
    } finally {
      await admin.call('DELETE', '/policy/few')
    }
  })
})

describe('the seed', () => {
  it('is the same when the finish is repeated, and is sealed anew', async () => {
    const { phone, invitation, agreement, keys } = await someone()
    const again = await enrol(d.server, { invitation, deviceName: 'Pixel', agreement, keys })
    expect(again.codes?.serial).toBe(phone.codes?.serial)
    expect(again.codes?.seed).not.toEqual(phone.codes?.seed)
    const at = Date.now()
    expect(await codeOf(again, agreement, at)).toBe(await codeOf(phone, agreement, at))
  })

  it('opens for nobody who sees the invitation, the answer or the proof, nor for another token', async () => {
    const { phone, invitation, agreement, keys } = await someone()
    const { serial, seed } = phone.codes!
    const hash = 'SHA-256'
    const others = await agreementKeys()
    expect(await openHmac(seed, others, { purpose: serial, hash })).toBeNull()
    expect(await openHmac(seed, agreement, { purpose: 'TOTP00000000', hash })).toBeNull()
    const twisted = { ...seed, key: await exportPublic(others.publicKey) }
    expect(await openHmac(twisted, agreement, { purpose: serial, hash })).toBeNull()

    // With the invitation alone, a key of one's own: it is spent.
    await expect(
      enrol(d.server, { invitation, agreement: others, keys: await deviceKeys() }),
    ).rejects.toThrow(/enrolment_spent/)
    // The proof names the key for agreement, so another cannot be put in its place.
    const secret = new URLSearchParams(new URL(invitation).hash.slice(1)).get('s') ?? ''
    const claims = {
      aud: origin,
      secret,
      deviceName: 'Pixel',
      agreement: await exportPublic(others.publicKey),
      iat: Math.floor(Date.now() / 1000),
    }
    const jwk = await publicJwkOf(keys)
    const forged = await sign(typ.enrolment, claims, {
      key: (await deviceKeys()).privateKey,
      jwk,
    })
    const finish = (proof: string) =>
      d.fetch('/device/enrolment/finish', {
        method: 'POST',
        headers: { 'Countersign-Protocol': '1' },
        body: JSON.stringify({ proof }),
      })
    expect((await finish(forged)).status).toBe(401)
    expect(await openHmac(seed, agreement, { purpose: serial, hash })).not.toBeNull()
  })

  it('is sealed to no point that is not on the curve', async () => {
    const user = await d.person(`coded-${people++}`)
    const begun = await d.payroll.initToken({ user, pin: '4711' })
    const invitation = begun.envelope.detail?.enrolment_url ?? ''
    const off = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) } as const
    await expect(enrol(d.server, { invitation, spoilt: { agreement: off } })).rejects.toMatchObject(
      { status: 401, problem: { field: 'proof' } },
    )
    const agreement = await agreementKeys()
    const phone = await enrol(d.server, { invitation, agreement })
    expect(await passes(user, `4711${await codeOf(phone, agreement)}`)).toBe(true)
  })
})

describe('a device that is no longer good takes its codes with it', () => {
  it.each([
    [
      'disabled',
      (serial: string) => post(`disable/${serial}`),
      (serial: string) => post(`enable/${serial}`),
    ],
    [
      'out of its time',
      (serial: string) => post(`set`, { serial, validity_period_end: '2020-01-01T00:00+0000' }),
      (serial: string) => post(`set`, { serial, validity_period_end: '2099-01-01T00:00+0000' }),
    ],
  ])('%s, and back', async (_, end, mend) => {
    const { user, phone, agreement, serial } = await someone()
    const code = `4711${await codeOf(phone, agreement)}`
    expect((await end(phone.serial)).status).toBe(200)
    expect(await passes(user, code)).toBe(false)
    const alone = await d.payroll.check({ serial, pass: code })
    expect(alone.envelope.result.value).toBe(false)
    await mend(phone.serial)
    expect(await passes(user, code)).toBe(true)
  })

  it.each(['revoke', 'lost'])('%s', async (how) => {
    const { user, phone, agreement, serial } = await someone()
    const code = `4711${await codeOf(phone, agreement)}`
    await post(`${how}/${phone.serial}`)
    expect(
      await d.payroll.check({ serial, pass: code }).then(({ envelope }) => envelope.result.value),
    ).not.toBe(true)
    expect((await listed(user)).find((token) => token['serial'] === serial)).toMatchObject({
      active: false,
    })
    // What is enabled by itself is still the device's.
    await post(`enable/${serial}`)
    expect(await passes(user, code)).not.toBe(true)
    const next = await someone()
    expect(await passes(next.user, `4711${await codeOf(next.phone, next.agreement)}`)).toBe(true)
  })

  it('when it leaves, or is deleted', async () => {
    const left = await someone()
    await left.phone.leave()
    expect(await listed(left.user)).toEqual([])
    const gone = await someone()
    expect((await admin.call('DELETE', `/token/${gone.phone.serial}`)).status).toBe(200)
    expect(await listed(gone.user)).toEqual([])
  })

  it('when it changes hands; alone they cannot', async () => {
    const { user, phone, agreement, serial } = await someone()
    const code = `4711${await codeOf(phone, agreement)}`
    const heir = await d.person(`coded-${people++}`)
    for (const path of ['assign', 'unassign']) {
      const named = path === 'assign' ? { user: heir } : {}
      const refused = await post(path, { serial, ...named })
      expect([refused.status, refused.envelope.result.error?.message]).toEqual([
        400,
        expect.stringContaining(phone.serial),
      ])
    }
    expect((await post(`unassign/${phone.serial}`)).status).toBe(200)
    expect(await listed(user)).toEqual([])
    expect((await post('assign', { serial: phone.serial, user: heir })).status).toBe(200)
    expect(await passes(heir, code)).not.toBe(true)

    const again = await d.payroll.initToken({ user: heir, serial: phone.serial, pin: '4711' })
    const invitation = again.envelope.detail?.enrolment_url ?? ''
    const keys = await agreementKeys()
    const theirs = await enrol(d.server, { invitation, agreement: keys })
    expect(theirs.codes?.serial).not.toBe(serial)
    expect(await passes(heir, `4711${await codeOf(theirs, keys)}`)).toBe(true)
  })

  it('one person unassigned of everything keeps nothing', async () => {
    const { user } = await someone()
    expect((await post('unassign', { user })).status).toBe(200)
    expect(await listed(user)).toEqual([])
  })
})

describe('who gets no codes', () => {
  async function policy(action: object | null): Promise<void> {
    const { status, envelope } = action
      ? await admin.call('POST', '/policy/codes', { scope: 'enrollment', realm: '', action })
      : await admin.call('DELETE', '/policy/codes')
    expect([status, envelope.result.error]).toEqual([200, undefined])
  }

  it('whom a policy denies them; a device that asks for none; where approvals ask for a finger', async () => {
    await policy({ push_device_codes: 'deny' })
    expect((await someone()).phone.codes).toBeUndefined()
    await policy(null)
    const user = await d.person(`coded-${people++}`)
    const plain = await d.device(user)
    expect([plain.codes, (await plain.overview()).codes]).toEqual([undefined, false])

    await d.set({ userVerification: 1 })
    expect((await someone()).phone.codes).toBeUndefined()
    await policy({ push_device_codes: 'allow' })
    expect((await someone()).phone.codes).toBeDefined()
    await policy(null)
    await d.set({ userVerification: 0 })
    expect((await someone()).phone.codes).toBeDefined()
  })

  it('an administrator', async () => {
    const begun = await admin.initToken({ type: 'push', account: 'admin' })
    const invitation = begun.envelope.detail?.enrolment_url ?? ''
    const phone = await enrol(d.server, { invitation, agreement: await agreementKeys() })
    expect(phone.codes).toBeUndefined()
    await phone.leave()
  })
})
