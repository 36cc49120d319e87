/** Calls a transaction off, or has it sent again, for the application that made it. */
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { addressHere } from './follow.ts'
import { reach } from './reach.ts'

type Steered = { customer: string; application: string; transactionId: string }

export async function cancelTransaction(
  context: Context,
  { customer, ...steering }: Steered,
): Promise<void> {
  const found = await addressHere(context, steering.transactionId)
  const address = found && { ...found, customer }
  const done =
    address && (await reach(context, address, (object) => object.cancel(address, steering)))
  if (!done || done.state === null) refuse({ reason: 'unknown_transaction' })
  if (!done.ok && done.state !== 'cancelled') refuse({ reason: 'not_pending' })
}

export async function resendTransaction(
  context: Context,
  { customer, ...steering }: Steered,
): Promise<void> {
  const found = await addressHere(context, steering.transactionId)
  const address = found && { ...found, customer }
  const done =
    address && (await reach(context, address, (object) => object.resend(address, steering)))
  if (!done) refuse({ reason: 'unknown_transaction' })
  if (done.ok) return
  if (done.reason === 'unknown') refuse({ reason: 'unknown_transaction' })
  if (done.reason === 'not_pending') refuse({ reason: 'not_pending' })
  const retryAfterSeconds = Math.max(
    1,
    (done.againAt ?? nowSeconds(context) + 60) - nowSeconds(context),
  )
  refuse({ reason: 'too_many_requests', retryAfterSeconds, what: 'rings for one login' })
}
