/** Stock phones for a test: a policy that enrols them, people with phones, and what a login with one of them looks like. */
import { expect } from 'vitest'
import { StockPhone, type StockPhoneOptions } from '../support/stock-phone.ts'
import { phoneKeys } from '../support/stock-phone-keys.ts'
import type { Deployment } from './deployment.ts'

/** Making one takes a tenth of a second, and which it is matters to few tests. */
let keys: CryptoKeyPair | null = null
let people = 0

export type PhoneBox = Awaited<ReturnType<typeof phoneBox>>

export async function phoneBox(d: Deployment) {
  /** Sets what policies of these names say; null takes one away. */
  async function policy(name: string, scope: string, action: object | null): Promise<void> {
    const { status, envelope } =
      action === null
        ? await d.payroll.call('DELETE', `/policy/${name}`)
        : await d.payroll.call('POST', `/policy/${name}`, { scope, realm: '', action })
    if (status !== 200) throw new Error(JSON.stringify(envelope))
  }
  const logins = (action: object | null) => policy('phones', 'authentication', action)
  const enrolments = (action: object | null) => policy('phone-enrolment', 'enrollment', action)
  await enrolments({ push_firebase_configuration: 'poll only' })

  async function invite(user: string, more: object = {}): Promise<string> {
    const { envelope } = await d.payroll.initToken({ user, ...more })
    const { pushurl } = (envelope.detail ?? {}) as { pushurl?: { value: string } }
    if (!pushurl) throw new Error(`no invitation: ${JSON.stringify(envelope)}`)
    return pushurl.value
  }

  /** A person with a phone of their own. */
  async function phone(
    options: StockPhoneOptions & { user?: string; pin?: string; serial?: string } = {},
  ): Promise<{ user: string; phone: StockPhone }> {
    const { user: given, pin, serial, ...rest } = options
    const user = given ?? (await d.person(`phoned-${people++}`))
    const text = await invite(user, { ...(pin && { pin }), ...(serial && { serial }) })
    const phone = await StockPhone.enrol(text, d.fetch, {
      keys: await sharedKeys(),
      nowMs: () => Date.now(),
      ...rest,
    })
    expect(phone.enrolled).toMatchObject({ status: 200, envelope: { result: { value: true } } })
    return { user, phone }
  }

  /** Asks, and gives the one challenge that the phone shows. */
  async function asked(user: string, phone: StockPhone) {
    const { envelope } = await d.payroll.trigger({ user })
    const detail = envelope.detail as {
      transaction_id: string
      presence_answer?: string
      message: string
    }
    const shown = await phone.poll()
    const challenge = shown[0]
    if (!challenge) throw new Error(`nothing to show: ${JSON.stringify(phone.dropped)}`)
    return { transactionId: detail.transaction_id, detail, challenge }
  }

  const statusOf = async (transactionId: string) =>
    (await d.payroll.poll(transactionId)).envelope.detail?.challenge_status
  const redeemed = async (user: string, transactionId: string) =>
    (await d.payroll.redeem({ user }, transactionId)).envelope.result.value

  const sharedKeys = async () => (keys ??= await phoneKeys(2048))

  return { keys: sharedKeys, policy, logins, enrolments, invite, phone, asked, statusOf, redeemed }
}
