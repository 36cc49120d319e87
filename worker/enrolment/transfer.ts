/**
 * Gives a token to a person, or takes it from them. What was counted travels with it: the old owner's object lets go first, then
 * D1 changes hands, then the new owner's object reads it; open challenges are over before this resolves.
 */
import { changeTokens } from '../challenge/change-tokens.ts'
import { reach } from '../challenge/reach.ts'
import { ownerIdOf } from '../crypto/owner.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import type { Limit } from '../store/limits.ts'
import { moveToken } from '../store/tokens/move.ts'
import type { TokenChange, TokenRow } from '../store/tokens/row.ts'

import { checkLimits, refuseLimit } from './limits.ts'

export type NewOwner = { id: string; realm: string; ownerId: OwnerId }

/** A device's id and key speak for one owner only: a device that changes hands enrols again. A stock phone has neither and stays. */
const unbound: TokenChange = { rolloutState: 'clientwait', publicKey: null, deviceId: null }

/**
 * @param how.change what else becomes of it; a fail count is set where it is given.
 * @throws Refusal too_many_tokens; before the old owner lets go, except where two come to the same limit at once.
 */
export async function transfer(
  context: Context,
  token: TokenRow,
  to: NewOwner | null,
  { change = {}, limits = [] }: { change?: TokenChange; limits?: Limit[] } = {},
): Promise<void> {
  await checkLimits(context, limits)
  const { serial, customer } = token
  const from = { ownerId: token.ownerId as OwnerId, customer }
  const ownerId =
    to?.ownerId ??
    (await ownerIdOf(
      context.deployment.master,
      { kind: 'token', customer, serial },
      context.database,
    ))
  const give = async () => {
    const free = await reach(context, from, (object) => object.handOver(from, serial))
    if (!free) refuse({ reason: 'unavailable' })
    const moved = {
      ...(token.deviceId !== null && unbound),
      ...change,
      ownerId,
      person: to?.id ?? null,
      realm: to?.realm ?? null,
      assignedAt: to && nowSeconds(context),
    }
    return moveToken(context, serial, moved, limits)
  }
  const done = await changeTokens(context, { ownerId, customer }, () =>
    changeTokens(context, from, give),
  )
  if (!done) await refuseLimit(context, limits)
}
