/** The main job: an application asks, a device answers, the application learns it and uses it once. */
import { beforeAll, describe, expect, it } from 'vitest'
import { ReceiptClaims, typ, AnswerClaims } from '../../schema/signing.ts'
import { publicHalf, verify } from '../../schema/jws.ts'
import { env } from 'cloudflare:workers'
import { type Deployment, deployment } from './deployment.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})

describe('the cycle', () => {
  it('goes from the question to the redeemed approval', async () => {
    const user = await d.person('anna', { email: 'anna@example.org' })
    const phone = await d.device(user)
    const asked = await d.payroll.ask({ user })
    expect(asked.code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(asked.message).toContain(asked.code)
    expect(asked.notified).toBe(true)
    expect((await d.payroll.poll(asked.transactionId)).envelope.detail?.challenge_status).toBe(
      'pending',
    )

    const [challenge] = await phone.list()
    expect(challenge?.claims).toMatchObject({
      application: { name: 'Payroll' },
      account: 'anna@example.org',
      match: 'code',
      origin: { how: 'server' },
    })
    expect(await phone.approve(challenge!, asked.code)).toEqual({
      outcome: 'accepted',
      state: 'approved',
    })
    expect((await d.payroll.poll(asked.transactionId)).envelope.result).toMatchObject({
      value: true,
      authentication: 'ACCEPT',
    })

    const redeemed = await d.payroll.redeem({ user }, asked.transactionId)
    expect(redeemed.envelope.result).toMatchObject({ value: true, authentication: 'ACCEPT' })
    const again = await d.payroll.redeem({ user }, asked.transactionId)
    expect(again.envelope.result).toMatchObject({ value: false, authentication: 'REJECT' })
    expect(again.envelope.detail?.message).toBe('wrong otp pin')

    const receipt = await verify(
      typ.receipt,
      redeemed.envelope.detail?.receipt ?? '',
      publicHalf(JSON.parse(env.SIGNING_KEY)),
      ReceiptClaims,
    )
    expect(receipt?.challenge).toBe(challenge?.jws)
    const answer = await verify(typ.answer, receipt?.answer ?? '', phone.publicKey, AnswerClaims)
    expect(answer?.decision).toBe('approve')
  })
})
