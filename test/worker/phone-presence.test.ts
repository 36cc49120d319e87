/**
 * How the holder of a stock phone shows that they are where the login is: one of several texts is pressed, or a code that the phone
 * shows is typed. And what a deployment does as it comes: phones cannot take a typed code, so they show it among decoys.
 */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { crockfordAlphabet } from '../../schema/crockford.ts'
import { hardeningPolicy } from '../../worker/policy/settings.ts'
import { policies } from '../../schema/tables.ts'
import type { Application } from '../support/application.ts'
import { type Deployment, deployment } from './deployment.ts'
import { type PhoneBox, phoneBox } from './phone-box.ts'

let d: Deployment
let box: PhoneBox
let admin: Application
beforeAll(async () => {
  d = await deployment()
  admin = await d.newApplication('Admin')
  box = await phoneBox(d)
  await hardened(false)
})
afterEach(async () => {
  await box.logins({ push_ssl_verify: '1' })
  await hardened(false)
})

async function hardened(on: boolean): Promise<void> {
  if (on) await d.db.insert(policies).values(hardeningPolicy('default'))
  else await admin.call('DELETE', '/policy/hardening')
  // Whatever is set makes every isolate look again.
  await d.set({ answerSeconds: 120 })
}

type Entry = { serial: string; message: string; presence_answer?: string; client_mode: string }
async function trigger(user: string) {
  const { envelope } = await d.payroll.trigger({ user })
  const detail = envelope.detail as unknown as Entry & {
    transaction_id: string
    multi_challenge: Entry[]
    preferred_client_mode: string
    attributes: object
  }
  const of = (serial: string) => detail.multi_challenge.find((one) => one.serial === serial)
  return { detail, id: detail.transaction_id, of }
}
const failCount = async (serial: string) => {
  const { envelope } = await d.payroll.token(serial)
  return (envelope.result.value as { tokens: { failcount: number }[] }).tokens[0]?.failcount
}
const check = async (user: string, pass: string, transactionId: string) =>
  (await d.payroll.check({ user, pass, transaction_id: transactionId })).envelope.result

describe('push_require_presence', () => {
  it.each([
    ['letters', {}, /^[A-Z]$/, 3],
    [
      'letters',
      { push_presence_options: 'ALPHABETIC', push_presence_num_options: 5 },
      /^[A-Z]$/,
      5,
    ],
    ['numbers', { push_presence_options: 'NUMERIC', push_presence_num_options: 10 }, /^\d\d$/, 10],
    [
      'own texts, as many as there are',
      {
        ...{ push_presence_options: 'CUSTOM', push_presence_num_options: 4 },
        push_presence_custom_options: 'cat:dog: owl :decline:a,b:c|d',
      },
      /^(cat|dog|owl)$/,
      3,
    ],
    ['letters for want of own texts', { push_presence_options: 'CUSTOM' }, /^[A-Z]$/, 3],
  ])('has one of some %s pressed, which the login shows', async (_, options, form, count) => {
    await box.logins({ push_require_presence: true, ...options })
    const { user, phone } = await box.phone()
    const { detail, challenge, transactionId } = await box.asked(user, phone)
    const shown = challenge.require_presence?.split(',') ?? []
    expect(challenge.version).toBe('2')
    expect(new Set(shown).size).toBe(count)
    for (const one of shown) expect(one).toMatch(form)
    expect(shown).toContain(detail.presence_answer)
    expect(detail.message).toBe(
      `Please confirm the authentication on your mobile device! Please press: ${detail.presence_answer}`,
    )
    const pressed = await phone.presence(challenge, detail.presence_answer ?? '')
    expect(pressed.envelope.result.value).toBe(true)
    expect(await box.redeemed(user, transactionId)).toBe(true)
  })

  it.each([
    ['a wrong one', (shown: string[], right: string) => shown.find((one) => one !== right) ?? ''],
    ['none', () => ''],
  ])('ends at the press of %s, which counts as a failure', async (_, pick) => {
    await box.logins({ push_require_presence: true })
    const { user, phone } = await box.phone()
    const { detail, challenge, transactionId } = await box.asked(user, phone)
    const right = detail.presence_answer ?? ''
    const wrong = pick(challenge.require_presence?.split(',') ?? [], right)
    const answer = wrong === '' ? phone.accept(challenge) : phone.presence(challenge, wrong)
    expect((await answer).envelope.result.value).toBe(false)
    expect(await box.statusOf(transactionId)).toBe('declined')
    expect(await failCount(phone.serial)).toBe(1)
    expect((await phone.presence(challenge, right)).envelope.result.value).toBe(false)
    const again = await box.asked(user, phone)
    await phone.presence(again.challenge, again.detail.presence_answer ?? '')
    expect(await box.redeemed(user, again.transactionId)).toBe(true)
    expect(await failCount(phone.serial)).toBe(0)
  })

  it('stands where the text has a place for it, and at its end where it has none', async () => {
    const { user, phone } = await box.phone()
    const said = async (text: string) => {
      await box.logins({ push_require_presence: true, push_challenge_text: text })
      const { detail } = await box.asked(user, phone)
      return [detail.message, detail.presence_answer] as const
    }
    const [placed, one] = await said('Press {presence_answer}, please')
    expect(placed).toBe(`Press ${one}, please`)
    const [bare, two] = await said('Have a LOOK at your phone')
    expect(bare).toBe(`Have a LOOK at your phone Please press: ${two}`)
  })

  it('wins over a code on the phone, and neither is asked of who waits in one request', async () => {
    await box.logins({ push_require_presence: true, push_code_to_phone: true })
    const { user, phone } = await box.phone({ pin: '1234' })
    expect((await box.asked(user, phone)).challenge).toHaveProperty('require_presence')
    for (const action of ['push_require_presence', 'push_code_to_phone']) {
      await box.logins({ [action]: true, push_wait: 20 })
      const waiting = d.payroll.check({ user, pass: '1234' })
      const challenge = await newest(phone)
      expect(challenge).not.toHaveProperty('require_presence')
      expect((await phone.accept(challenge)).envelope.detail ?? null).toBeNull()
      expect((await waiting).envelope).toMatchObject({
        result: { value: true, authentication: 'ACCEPT' },
        detail: { message: 'matching 1 tokens' },
      })
    }
  })

  /** The waiting request asks in its own time. */
  async function newest(phone: Awaited<ReturnType<PhoneBox['phone']>>['phone']) {
    for (;;) {
      const plain = (await phone.poll()).find((one) => one.require_presence === undefined)
      if (plain) return plain
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
})

describe('push_code_to_phone', () => {
  it('has the phone confirm, tells it a code, and lets in whoever types that at the login', async () => {
    await box.logins({ push_code_to_phone: true, push_code_to_phone_message: 'Type this' })
    const { user, phone } = await box.phone()
    const { detail, id } = await trigger(user)
    expect(detail).toMatchObject({
      client_mode: 'interactive',
      preferred_client_mode: 'interactive',
      attributes: { hideResponseInput: false },
      message: 'Please enter the code displayed on your smartphone.',
    })
    expect(detail).not.toHaveProperty('presence_answer')
    const [challenge] = await phone.poll()
    const told = (await phone.accept(challenge!)).envelope
    expect(told.result.value).toBe(true)
    const code = String(told.detail?.display_code)
    expect(told.detail?.message).toBe('Type this')
    expect(code).toMatch(new RegExp(`^[${crockfordAlphabet}]{4}$`))
    // It did not hear us and confirms again: the code stays.
    expect((await phone.accept(challenge!)).envelope.detail?.display_code).toBe(code)
    expect(await box.statusOf(id)).toBe('pending')
    expect((await check(user, '', id)).value).toBe(false)
    expect(await check(user, code.toLowerCase(), id)).toMatchObject({
      value: true,
      authentication: 'ACCEPT',
    })
    expect((await check(user, code, id)).value).toBe(false)
    expect(await phone.poll()).toEqual([])
  })

  it('counts a wrong code as a failure, and one that is typed before the phone confirmed', async () => {
    await box.logins({ push_code_to_phone: true })
    const { user, phone } = await box.phone()
    const { id } = await trigger(user)
    expect((await check(user, '0000', id)).value).toBe(false)
    expect(await failCount(phone.serial)).toBe(1)
    const [challenge] = await phone.poll()
    const { detail } = (await phone.accept(challenge!)).envelope
    expect(detail?.message).toBe('Enter the code to log in')
    expect(await check(user, '0000', id)).toMatchObject({ value: false, authentication: 'REJECT' })
    expect(await failCount(phone.serial)).toBe(2)
    expect((await check(user, String(detail?.display_code), id)).value).toBe(true)
    expect(await failCount(phone.serial)).toBe(0)
  })

  it('locks the token after so many, and a declined one has no code', async () => {
    await box.logins({ push_code_to_phone: true })
    const { user, phone } = await box.phone()
    const declined = await box.asked(user, phone)
    expect((await phone.decline(declined.challenge)).envelope.result.value).toBe(true)
    const { challenge, transactionId } = await box.asked(user, phone)
    const { detail } = (await phone.accept(challenge)).envelope
    const code = String(detail?.display_code)
    for (let tried = 0; tried < 10; tried++) await check(user, '0000', transactionId)
    expect((await check(user, code, transactionId)).value).toBe(false)
    await admin.call('POST', '/token/reset', { serial: phone.serial })
    expect((await check(user, code, transactionId)).value).toBe(true)
  })

  it('answers who sends the code with State at once, right or wrong', async () => {
    await box.logins({ push_code_to_phone: true })
    const { user, phone } = await box.phone()
    const { challenge, transactionId: state } = await box.asked(user, phone)
    const code = String((await phone.accept(challenge)).envelope.detail?.display_code)
    const began = Date.now()
    const wrong = await d.payroll.check({ user, pass: '0000', state })
    expect(wrong.envelope.result.authentication).toBe('REJECT')
    const right = await d.payroll.check({ user, pass: code, state })
    expect(right.envelope.result.authentication).toBe('ACCEPT')
    expect(Date.now() - began).toBeLessThan(20_000)
  })
})

describe('a deployment as it comes', () => {
  it('shows the code of the login among decoys, because a phone takes no typed one', async () => {
    await hardened(true)
    const { user, phone } = await box.phone()
    const { detail, challenge, transactionId } = await box.asked(user, phone)
    const shown = challenge.require_presence?.split(',') ?? []
    expect(shown).toHaveLength(3)
    for (const one of shown) expect(one).toMatch(new RegExp(`^[${crockfordAlphabet}]{4}$`))
    expect(shown).toContain(detail.presence_answer)
    await phone.presence(challenge, detail.presence_answer ?? '')
    expect(await box.redeemed(user, transactionId)).toBe(true)
  })

  it('judges each token of a person by its own rule', async () => {
    await hardened(true)
    const { user, phone } = await box.phone()
    const device = await d.device(user)
    const { id, of, detail } = await trigger(user)
    const [typed, pressed] = [of(device.serial), of(phone.serial)]
    expect(typed?.message).toContain(`Type this code there: ${typed?.presence_answer}`)
    expect(pressed?.message).toContain(`Please press: ${pressed?.presence_answer}`)
    expect(detail.message).toBe(`${pressed?.message}, ${typed?.message}`)
    const [asked] = await phone.poll()
    expect(asked?.require_presence).toContain(pressed?.presence_answer)
    const [open] = await device.list()
    expect((await device.approve(open!, typed?.presence_answer)).outcome).toBe('accepted')
    expect((await phone.presence(asked!, pressed!.presence_answer!)).envelope.result.value).toBe(
      false,
    )
    expect(await box.redeemed(user, id)).toBe(true)
  })

  it('with letters to press has our own devices take a typed code all the same', async () => {
    await box.logins({ push_require_presence: true })
    const { user, phone } = await box.phone()
    const device = await d.device(user)
    const { of, id } = await trigger(user)
    expect(of(phone.serial)?.presence_answer).toMatch(/^[A-Z]$/)
    expect(of(device.serial)?.presence_answer).toHaveLength(4)
    const [open] = await device.list()
    const plain = await device.approve(open!)
    expect(plain.outcome).toBe('wrong_code')
    expect(await box.statusOf(id)).toBe('declined')
  })

  it('takes no code off the login for the one that the phone shows', async () => {
    await box.logins({ push_code_to_phone: true })
    await hardened(true)
    const { user, phone } = await box.phone()
    const device = await d.device(user)
    const { of, id } = await trigger(user)
    const [challenge] = await phone.poll()
    const { detail } = (await phone.accept(challenge!)).envelope
    const onLogin = of(device.serial)?.presence_answer ?? ''
    expect(onLogin).not.toBe(detail?.display_code)
    expect((await check(user, onLogin, id)).value).toBe(false)
    expect((await check(user, String(detail?.display_code), id)).value).toBe(true)
  })
})
