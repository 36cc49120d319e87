/**
 * What people add themselves, a device or a passkey, is told to the devices that they have, and each of those can stop it for a day:
 * whoever got into somebody's page for a moment could stay for good otherwise.
 */
import { reach } from '../challenge/reach.ts'
import type { Context } from '../env.ts'
import { tokensOf } from '../store/tokens/find.ts'
import type { TokenRow } from '../store/tokens/row.ts'
import { addressOf } from './manage.ts'

/** Somebody's other phone may be in a drawer until the evening. */
export const stoppableSeconds = 86_400

/** @returns until when it may be stopped; null where there is nobody who could: a first device must not be barred from stopping others. */
export async function stoppableFrom(
  context: Context,
  ownerId: string,
  finishedAt: number,
): Promise<number | null> {
  const others = await tokensOf(context.db, ownerId)
  const mayStop = others.some(
    ({ type, active, revoked, rolloutState }) =>
      type === 'push' && active && !revoked && rolloutState === 'enrolled',
  )
  return mayStop ? finishedAt + stoppableSeconds : null
}

/** Call it when the token is finished. */
export async function tellAdded(context: Context, token: TokenRow): Promise<void> {
  const { serial, stoppableUntil } = token
  if (stoppableUntil === null) return
  const address = addressOf(token)
  await reach(context, address, (object) => object.tellNewcomer(address, { serial, ring: true }))
}
