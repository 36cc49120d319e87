/** People who are asked again and again, and how that went: what the tests of limits and of settings have in common. */
import { expect } from 'vitest'
import type { Application } from '../support/application.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import type { Deployment } from './deployment.ts'

export type Rung = {
  transactionId: string
  code: string
  notified: boolean
  quietUntilAt: number | null
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

export const rungOf = (detail: Record<string, unknown>): Rung => ({
  transactionId: String(detail['transaction_id']),
  code: String(detail['presence_answer']),
  notified: detail['notified'] === true,
  quietUntilAt: typeof detail['quiet_until_at'] === 'number' ? detail['quiet_until_at'] : null,
})

/** Approves whatever this transaction asks; it is the newest. */
export async function approve(phone: VirtualDevice, { code }: Rung): Promise<void> {
  const challenge = (await phone.list())[0]!
  expect((await phone.approve(challenge, code)).outcome).toBe('accepted')
}

export async function declineAll(phone: VirtualDevice): Promise<void> {
  for (const challenge of await phone.list()) await phone.decline(challenge, 'not_me')
}

/** @param deployed where they are people; there by the time that anything is asked. */
export function ringer(deployed: () => Deployment) {
  let people = 0
  const newPerson = (parameters: object = {}): Promise<string> =>
    deployed().person(`limited${++people}`, parameters)
  return {
    newPerson,
    async someone() {
      const user = await newPerson()
      return { user, phone: await deployed().device(user) }
    },
    async ring(
      user: string,
      application: Application = deployed().payroll,
      parameters: object = {},
    ): Promise<Rung> {
      const { envelope } = await application.call('POST', '/validate/triggerchallenge', {
        user,
        ...parameters,
      })
      return rungOf(envelope.detail as Record<string, unknown>)
    },
  }
}
