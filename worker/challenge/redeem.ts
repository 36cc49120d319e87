/** Redeems an approval for the application that asked for it. */
import { toBase64url } from '../../schema/encoding.ts'
import { type Context, nowSeconds } from '../env.ts'
import { finishOtp } from '../store/tokens/enrol.ts'
import { changeTokens } from './change-tokens.ts'
import type { Redemption } from './desk/redeem.ts'
import type { Terms } from './desk/terms.ts'
import { addressOf } from './follow.ts'
import { reach } from './reach.ts'
import type { Whose } from './whose.ts'

/** To anybody but the owner's application, under the owner's name, the transaction is unknown. Nothing is burnt by asking wrongly. */
export async function redeemApproval(
  context: Context,
  { address, serials }: Whose,
  {
    transactionId,
    application,
    pass,
    terms,
  }: { transactionId: string; application: string | null; pass: string; terms: Terms },
): Promise<Redemption> {
  const routed = await addressOf(context, transactionId)
  if (!routed || routed.ownerId !== address.ownerId)
    return { ok: false, reason: 'unknown', challenged: [] }
  const attempt = toBase64url(context.random(12))
  const request = {
    transactionId,
    application,
    attempt,
    pass,
    terms,
    ...(serials?.[0] && { serial: serials[0] }),
  }
  const ask = () => reach(context, address, (object) => object.redeem(address, request))
  const redemption = await ask()
  if (redemption.ok || redemption.reason !== 'enrolment_proved') return redemption
  // The first code of a new token was right. It is one when D1 has it; then the login is redeemed like any other.
  const { serial, used } = redemption
  const finished = { ...used, enrolledAt: nowSeconds(context) }
  await changeTokens(context, address, () => finishOtp(context.db, serial, finished))
  return ask()
}
