/**
 * What applications are told by webhooks, signed as the Standard Webhooks specification has it (standardwebhooks.com): headers
 * `webhook-id`, `webhook-timestamp` and `webhook-signature`. Never the code, nor anything made from it.
 */

/** Of a login: how it ended. `login.reported`: the person says that they did not ask for it, by declining or long afterwards. */
export const loginEvents = [
  'login.approved',
  'login.declined',
  'login.expired',
  'login.reported',
] as const
/** Of a device: it is ready; or another device of its owner stopped it, after one had let it in. */
export const deviceEvents = ['device.enrolled', 'device.stopped'] as const
export const webhookTypes = [...loginEvents, ...deviceEvents] as const

export type WebhookType = (typeof webhookTypes)[number] | 'webhook.test'
export const isWebhookType = (text: string): text is (typeof webhookTypes)[number] =>
  webhookTypes.some((type) => type === text)

export type LoginTold = {
  transaction_id: string
  state: string
  /** `wrong_code`, `declined`, `not_me`, …; null where there is none. */
  reason: string | null
  user: string | null
  realm: string | null
  serial: string | null
  /** From where the login was asked for, where that is known. */
  client: string | null
}
export type DeviceTold = {
  serial: string
  user: string | null
  realm: string | null
  name: string
}
