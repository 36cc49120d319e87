/** Stock privacyIDEA phones at /ttype/push, from the enrolment code to the login. */
import { beforeAll, describe, expect, it } from 'vitest'
import { generations } from '../support/stock-phone.ts'
import { type Deployment, deployment } from './deployment.ts'
import { type PhoneBox, phoneBox } from './phone-box.ts'

let d: Deployment
let box: PhoneBox
beforeAll(async () => {
  d = await deployment()
  // As privacyIDEA has it.
  await d.payroll.call('DELETE', '/policy/hardening')
  box = await phoneBox(d)
})

describe('a login with a phone', () => {
  it.each(generations)(
    'of the generation "%s" is approved and redeemed, once',
    async (generation) => {
      const { user, phone } = await box.phone({ generation })
      const { transactionId, challenge } = await box.asked(user, phone)
      expect(await box.statusOf(transactionId)).toBe('pending')
      expect((await phone.accept(challenge)).envelope.result.value).toBe(true)
      expect(await box.statusOf(transactionId)).toBe('accept')
      expect(await phone.poll()).toEqual([])
      expect(await box.redeemed(user, transactionId)).toBe(true)
      expect(await box.redeemed(user, transactionId)).toBe(false)
      expect(phone.dropped).toEqual([])
    },
  )
})
