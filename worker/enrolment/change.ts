/** What an enrolled device may change about itself: its push subscription, its name, and whether it stays. */
import type { SubscriptionUpdate } from '../../schema/device.ts'
import { changeTokens } from '../challenge/change-tokens.ts'
import type { Address } from '../challenge/desk/desk.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { isPushEndpoint } from '../push/hosts.ts'
import { writeAudit } from '../record/audit.ts'
import { putSubscription } from '../store/subscriptions.ts'
import { renameDevice } from '../store/tokens/change.ts'
import { deleteToken } from '../store/tokens/delete.ts'

export type Member = {
  address: Address
  serial: string
  heldUntil?: number | null
  stoppableUntil?: number | null
}

export async function subscribe(
  context: Context,
  { address, serial }: Member,
  { subscription }: SubscriptionUpdate,
): Promise<void> {
  if (subscription && !isPushEndpoint(subscription.endpoint, context.deployment.pushHosts))
    refuse({ reason: 'push_host_refused', host: new URL(subscription.endpoint).host })
  const stored = subscription && {
    endpoint: subscription.endpoint,
    p256dh: subscription.keys.p256dh,
    auth: subscription.keys.auth,
  }
  await changeTokens(context, address, () =>
    putSubscription(context.db, serial, stored, nowSeconds(context)),
  )
}

export async function rename(
  context: Context,
  { address, serial }: Member,
  name: string,
): Promise<void> {
  await changeTokens(context, address, () => renameDevice(context.db, serial, name))
}

/** Its open challenges end before the device is told that it has left. */
export async function leave(context: Context, { address, serial }: Member): Promise<void> {
  await changeTokens(context, address, () => deleteToken(context, serial))
  await writeAudit(context, { customer: address.customer, action: 'leave', success: true, serial })
}
