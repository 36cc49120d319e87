/** Says what an invitation is for, without spending it. */
import type { EnrolmentLookAnswer } from '../../schema/device.ts'
import { reach } from '../challenge/reach.ts'
import type { Context } from '../env.ts'
import { refuse } from '../problem.ts'
import { findToken } from '../store/tokens/find.ts'
import { type Presented, routeInvitation } from './invitation.ts'

export async function lookAtInvitation(
  context: Context,
  presented: Presented,
): Promise<EnrolmentLookAnswer> {
  const { address, proof, code } = await routeInvitation(context, presented)
  const seen = await reach(context, address, (object) => object.lookAtEnrolment(proof))
  if (!seen.ok) refuse({ reason: seen.reason })
  const from = seen.movesFrom === null ? null : await findToken(context.db, seen.movesFrom)
  const { issuer, rootThumbprint } = context.deployment
  return {
    issuer,
    account: seen.account,
    serial: seen.serial,
    expiresAt: seen.expiresAt,
    code,
    rootThumbprint,
    ...(from && { movesFrom: from.deviceName || from.serial }),
  }
}
