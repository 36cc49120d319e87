/** Passkeys that are good no more, and passkeys beside everything else. What must not work ends by working. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../schema/encoding.ts'
import type { Application } from '../support/application.ts'
import { addPasskey, beginPasskey, challengeFor, endPasskey } from '../support/passkey.ts'
import { virtualAuthenticator } from '../support/virtual-authenticator.ts'
import { type Deployment, clock, deployment, origin } from './deployment.ts'
import { objectOf } from './object.ts'
import { accepted, errorOf, failed, passkeyHolders, told } from './passkey-holders.ts'

let d: Deployment
let everything: Application
beforeAll(async () => {
  d = await deployment()
  everything = await d.newApplication('Everything', undefined, 'default')
})
const { someone, holder, policy, noPolicy, act } = passkeyHolders(
  () => d,
  () => everything,
)

let time: ReturnType<typeof clock> | null = null
afterEach(async () => {
  time?.stop()
  time = null
  await noPolicy()
})

describe('a passkey that is good no more', () => {
  it.each([
    ['disabled', 'disable', {}, 'enable', {}, 'No suitable token found for authentication.'],
    [
      'out of its time',
      'set',
      { validity_period_end: '2026-01-01T00:00+0000' },
      'set',
      { validity_period_end: '' },
      'No suitable token found for authentication.',
    ],
    [
      'used as often as it may be',
      'set',
      { count_auth_success_max: 1 },
      'set',
      { count_auth_success_max: 0 },
      'Authentication counter exceeded',
    ],
  ] as const)(
    '%s, lets nobody in until it is good again',
    async (_, how, body, back, good, why) => {
      const { passkey } = await holder()
      const { serial } = passkey
      expect(told(await passkey.login(d.payroll))).toEqual(accepted)
      const before = await passkey.signed(await challengeFor(d.payroll))
      await act(how, { serial, ...body })
      expect(told(await d.payroll.check(before))).toEqual(['REJECT', why])
      await act(back, { serial, ...good })
      expect(told(await d.payroll.check(before))).toEqual(accepted)
    },
  )

  it('is locked by nobody’s guesses, neither at PINs nor at signatures', async () => {
    const { user, passkey } = await holder()
    const phone = await d.device(user, { pin: '1234' })
    const object = await objectOf(d, passkey.serial)
    await d.set({ countWrongPins: 1 })
    await d.payroll.check({ user, pass: 'no PIN of theirs' })
    await d.set({ countWrongPins: 0 })
    for (let tries = 0; tries < 11; tries++)
      expect(told(await passkey.login(d.payroll, { userVerified: false }))).toEqual(failed)
    const counted = await object.rows('select serial from counter where failCount > 0')
    expect(counted).toEqual([{ serial: phone.serial }])
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
  })

  it('revoked or deleted, lets nobody in ever again, and another does', async () => {
    const { user, passkey } = await holder()
    const second = await addPasskey(d.payroll, origin, { user })
    await act('revoke', { serial: passkey.serial })
    expect(told(await passkey.login(d.payroll))[0]).toBe('REJECT')
    expect((await everything.call('DELETE', `/token/${second.serial}`)).status).toBe(200)
    expect(told(await second.login(d.payroll))[1]).toContain('No token found')
    const third = await addPasskey(d.payroll, origin, { user })
    expect(told(await third.login(d.payroll))).toEqual(accepted)
  })

  it('of somebody who is gone, or whose realm is, lets nobody in', async () => {
    const { user, passkey } = await holder()
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
    const realm = '/realm/default'
    await everything.call('POST', '/resolver/elsewhere', { type: 'local' })
    await everything.call('POST', realm, { resolvers: 'elsewhere' })
    expect(told(await passkey.login(d.payroll))[0]).toBe('REJECT')
    await everything.call('POST', realm, { resolvers: 'local' })
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
    const late = await passkey.signed(await challengeFor(d.payroll))
    expect((await everything.call('DELETE', `/user/local/${user}`)).status).toBe(200)
    expect(told(await d.payroll.check(late))).toEqual([
      'REJECT',
      'No user found for the token with the given credential ID!',
    ])
    const { passkey: another } = await holder()
    expect(told(await another.login(d.payroll))).toEqual(accepted)
  })

  it('stays with its person: it is assigned to nobody else', async () => {
    const { user, passkey } = await holder()
    const { serial } = passkey
    const assigned = await everything.call('POST', '/token/assign', {
      serial,
      user: await someone(),
    })
    const unassigned = await everything.call('POST', '/token/unassign', { serial })
    for (const refused of [assigned, unassigned])
      expect(errorOf(refused)).toEqual([400, expect.stringContaining("'serial' is a passkey")])
    const totp = { type: 'totp', genkey: 1, user }
    expect((await everything.call('POST', '/token/init', totp)).status).toBe(200)
    expect((await everything.call('POST', '/token/unassign', { user })).status).toBe(200)
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
  })
})

describe('beside everything else', () => {
  it('it is asked by no trigger and answers no PIN', async () => {
    const { user, passkey } = await holder()
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(0)
    for (const about of [{ user }, { serial: passkey.serial }])
      expect(told(await d.payroll.check({ ...about, pass: '1234' }))).toEqual([
        'REJECT',
        'No suitable token found for authentication.',
      ])
    const phone = await d.device(user)
    const asked = await d.payroll.ask({ user })
    const [open] = await phone.list()
    await phone.approve(open!, asked.code)
    expect((await d.payroll.redeem({ user }, asked.transactionId)).envelope.result.value).toBe(true)
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
  })

  it('what confirms a device’s answer is no passkey, and a passkey confirms no answer', async () => {
    const { user, passkey } = await holder()
    const phone = await d.device(user)
    const finger = await virtualAuthenticator(origin)
    const send = async (method: string, path: string, body: object) =>
      phone.call(method, path, { body: JSON.stringify(body) })
    const offer = (await (await phone.call('POST', '/device/verifier/options')).json()) as {
      challenge: string
    }
    const begun = await beginPasskey(d.payroll, { user })
    // Neither registration is taken for the other.
    const asPasskey = await finger.register(begun.options.challenge)
    expect((await send('PUT', '/device/verifier', { response: asPasskey })).status).toBe(401)
    const asVerifier = await finger.register(offer.challenge)
    expect((await endPasskey(d.payroll, begun, asVerifier)).status).toBe(400)
    expect((await send('PUT', '/device/verifier', { response: asVerifier })).status).toBe(200)

    const { userHandle } = passkey
    const challenge = await challengeFor(d.payroll)
    const { id, response } = await finger.assert(challenge, { userHandle })
    const given = { transaction_id: challenge, credential_id: id, ...response }
    expect(told(await d.payroll.check(given))[1]).toContain('No token found')

    await d.set({ userVerification: 1 })
    const asked = await d.payroll.ask({ user })
    const [open] = await phone.list()
    const answer = await phone.signAnswer(open!, { decision: 'approve', code: asked.code })
    const confirmed = async (by: typeof finger) => {
      const assertion = await by.assert(await sha256(answer), { userHandle })
      const response = await d.fetch('/device/answers', {
        method: 'POST',
        headers: { 'Countersign-Protocol': '1' },
        body: JSON.stringify({ answer, assertion }),
      })
      return response.status
    }
    expect(await confirmed(passkey.finger)).toBe(401)
    expect(await confirmed(finger)).toBe(200)
    await d.set({ userVerification: 0 })
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
  })

  it('policies say who is let in by it, how often, and what the login says', async () => {
    const { passkey } = await holder()
    await policy('authorization', { tokentype: 'push totp' })
    const refused = await passkey.login(d.payroll)
    expect([refused.status, refused.envelope.result.error?.code]).toEqual([403, 303])
    await policy('authorization', { tokentype: 'passkey', auth_max_success: '1/1m' })
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
    expect(told(await passkey.login(d.payroll))[1]).toContain('Only 1 successful')
    time = clock()
    time.forward(61)
    expect(told(await passkey.login(d.payroll))).toEqual(accepted)
    await policy('authentication', { passkey_challenge_text: 'Hold your key ready' })
    const { envelope } = await d.payroll.call('POST', '/validate/initialize', { type: 'passkey' })
    expect(envelope.detail?.['passkey']).toMatchObject({ message: 'Hold your key ready' })
    const unknown = { scope: 'authentication', action: { passkey_trigger_by_pin: true } }
    expect(errorOf(await everything.call('POST', '/policy/passkeys', unknown))).toEqual([
      400,
      expect.stringContaining('passkey_trigger_by_pin'),
    ])
  })

  it('each login stands in the trail, with the reason where it was refused', async () => {
    const { user, passkey } = await holder()
    await passkey.login(d.payroll, { userVerified: false })
    await passkey.login(d.payroll)
    const { envelope } = await everything.call('GET', `/audit/?user=${user}&action=check`)
    const { auditdata } = envelope.result.value as { auditdata: Record<string, unknown>[] }
    const rows = auditdata.map(({ success, serial }) => [Boolean(success), serial])
    expect(rows).toEqual(
      expect.arrayContaining([
        [false, passkey.serial],
        [true, passkey.serial],
      ]),
    )
  })
})
