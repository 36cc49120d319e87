/** User verification: a finger beside the answer, over exactly that answer. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../schema/encoding.ts'
import { virtualAuthenticator } from '../support/virtual-authenticator.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, clock, deployment, origin } from './deployment.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})
const verification = (value: 0 | 1) => d.set({ userVerification: value })
afterEach(() => verification(0))

async function send(phone: VirtualDevice, method: string, path: string, body?: object) {
  const response = await phone.call(method, path, body ? { body: JSON.stringify(body) } : {})
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

async function withFinger(user: string) {
  const phone = await d.device(await d.person(user))
  const finger = await virtualAuthenticator(origin)
  const offer = await send(phone, 'POST', '/device/verifier/options')
  const response = await finger.register(offer.body['challenge'] ?? '')
  const added = await send(phone, 'PUT', '/device/verifier', { response })
  expect(added).toEqual({ status: 200, body: { done: true } })
  return { phone, finger }
}

async function answer(answerJws: string, assertion?: object) {
  const body = JSON.stringify({ answer: answerJws, ...(assertion && { assertion }) })
  const headers = { 'Countersign-Protocol': '1' }
  const response = await d.fetch('/device/answers', { method: 'POST', body, headers })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

describe('an approval that asks for a finger', () => {
  it('is accepted with an assertion over the answer, and not without', async () => {
    const { phone, finger } = await withFinger('vera')
    await verification(1)
    const asked = await d.payroll.ask({ user: 'vera' })
    const [challenge] = await phone.list()
    expect(challenge?.claims.userVerification).toBe(true)
    const jws = await phone.signAnswer(challenge!, { decision: 'approve', code: asked.code })
    expect((await answer(jws)).body['reason']).toBe('verification_required')

    const challengeOfAnswer = await sha256(jws)
    const others = await sha256(
      await phone.signAnswer(challenge!, { decision: 'approve', code: asked.code }),
    )
    for (const wrong of [
      await finger.assert(others),
      await finger.assert(challengeOfAnswer, { userVerified: false }),
      await finger.assert(challengeOfAnswer, { origin: 'https://evil.example' }),
      await (await virtualAuthenticator(origin)).assert(challengeOfAnswer),
      { ...(await finger.assert(challengeOfAnswer)), id: 'AAAA', rawId: 'AAAA' },
    ])
      expect(await answer(jws, wrong)).toMatchObject({
        status: 401,
        body: { reason: 'verification_refused' },
      })

    expect((await answer(jws, await finger.assert(challengeOfAnswer))).body).toEqual({
      outcome: 'accepted',
      state: 'approved',
    })
    const redeemed = await d.payroll.redeem({ user: 'vera' }, asked.transactionId)
    expect(redeemed.envelope.result.value).toBe(true)
  })

  it('may be declined without one', async () => {
    const { phone } = await withFinger('dora')
    await verification(1)
    await d.payroll.ask({ user: 'dora' })
    const [challenge] = await phone.list()
    expect(await phone.decline(challenge!)).toEqual({ outcome: 'accepted', state: 'declined' })
  })

  it('is not asked of a device that has none: it is not suitable', async () => {
    await d.device(await d.person('nora'))
    await verification(1)
    const { envelope } = await d.payroll.trigger({ user: 'nora' })
    expect(envelope.result.value).toBe(0)
    await verification(0)
    expect((await d.payroll.ask({ user: 'nora' })).notified).toBe(true)
  })

  it('refuses a counter that does not grow, as a copied authenticator has', async () => {
    const { phone, finger } = await withFinger('cora')
    await verification(1)
    const approve = async (counter: number) => {
      const asked = await d.payroll.ask({ user: 'cora' })
      const [challenge] = await phone.list()
      const jws = await phone.signAnswer(challenge!, { decision: 'approve', code: asked.code })
      const answered = await answer(jws, await finger.assert(await sha256(jws), { counter }))
      if (answered.status !== 200) await phone.decline(challenge!)
      return answered.status
    }
    expect(await approve(5)).toBe(200)
    expect(await approve(5)).toBe(401)
    expect(await approve(6)).toBe(200)
  })
})

describe('registering what asks for a finger', () => {
  it('works once a token, and only shortly after its enrolment', async () => {
    const { phone } = await withFinger('olga')
    const second = await virtualAuthenticator(origin)
    const offer = await send(phone, 'POST', '/device/verifier/options')
    const response = await second.register(offer.body['challenge'] ?? '')
    expect(await send(phone, 'PUT', '/device/verifier', { response })).toMatchObject({
      status: 403,
      body: { reason: 'verifier_not_now' },
    })

    const time = clock()
    try {
      const late = await d.device(await d.person('lara'))
      time.forward(601)
      expect((await send(late, 'POST', '/device/verifier/options')).body['reason']).toBe(
        'verifier_not_now',
      )
    } finally {
      time.stop()
    }
  })

  it('wants a verified user, our own challenge and our origin', async () => {
    const phone = await d.device(await d.person('rita'))
    const finger = await virtualAuthenticator(origin)
    const { body } = await send(phone, 'POST', '/device/verifier/options')
    const challenge = body['challenge'] ?? ''
    for (const wrong of [
      await finger.register(challenge, { userVerified: false }),
      await finger.register('AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
      await finger.register(challenge, { origin: 'https://evil.example' }),
    ])
      expect(
        (await send(phone, 'PUT', '/device/verifier', { response: wrong })).body['reason'],
      ).toBe('verification_refused')
    const right = await finger.register(challenge)
    expect((await send(phone, 'PUT', '/device/verifier', { response: right })).status).toBe(200)
  })
})
