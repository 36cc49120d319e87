/**
 * Binds a device's key to the token that waits for it. The proof is signed by the key it brings. Asking again with the same
 * key answers the same, because an answer can be lost; another key finds the invitation spent.
 */
import * as v from 'valibot'
import type { EnrolmentFinishOutcome } from '../../schema/device.ts'
import { PublicJwk, headerOf, thumbprint, verify } from '../../schema/jws.ts'
import { importAgreement } from '../../schema/sealed.ts'
import { EnrolmentClaims, type Origin, typ } from '../../schema/signing.ts'
import { changeTokens } from '../challenge/change-tokens.ts'
import { reach } from '../challenge/reach.ts'
import { checkClock } from '../challenge/verify.ts'
import { sealId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'
import { readSettings } from '../store/settings.ts'
import { enrolToken } from '../store/tokens/enrol.ts'
import { tellEnrolled } from '../webhook/tell.ts'
import { tellAdded } from './added.ts'
import { makeCodes, sealCodes } from './device-codes.ts'
import { routeInvitation } from './invitation.ts'
import { askInviter, letIn, openMove, probation } from './move.ts'

export async function finishEnrolment(
  called: Context,
  proofJws: string,
  from: { origin: Origin; client: string | null },
): Promise<EnrolmentFinishOutcome> {
  const key = v.safeParse(PublicJwk, headerOf(proofJws)?.jwk)
  const claims = key.success
    ? await verify(typ.enrolment, proofJws, key.output, EnrolmentClaims)
    : null
  if (!key.success || !claims || claims.aud !== called.deployment.origin)
    refuse({ reason: 'signature_refused', field: 'proof' })
  checkClock(called, claims.iat)
  const agreement = claims.agreement ? await importAgreement(claims.agreement) : null
  if (claims.agreement && !agreement) refuse({ reason: 'signature_refused', field: 'proof' })
  const { context, address, proof } = await routeInvitation(called, claims)
  const bound = await thumbprint(key.output)
  const spent = await reach(context, address, (object) => object.spendEnrolment(proof, bound))
  if (!spent.ok) refuse({ reason: spent.reason })

  const move = await openMove(context, spent)
  if (move) {
    const { customer, ...moving } = { ...move, ...from, bound, deviceName: claims.deviceName }
    const waiting = await askInviter(context, { ...address, customer }, moving)
    if (waiting) return waiting
  }
  const { master, issuer, rootThumbprint } = context.deployment
  const now = nowSeconds(context)
  const held = move && (await probation(context, move.customer, now))
  const { token, deviceId, codes } = await changeTokens(context, address, async () => {
    const token = await enrolToken(context.db, spent.serial, {
      publicKey: key.output,
      deviceId: await sealId(
        { master, kind: 'device', bound },
        address.ownerId,
        now,
        context.random,
      ),
      deviceName: claims.deviceName,
      enrolledAt: now,
      ...held,
    })
    if (!token?.publicKey || !token.deviceId || (await thumbprint(token.publicKey)) !== bound)
      refuse({ reason: 'enrolment_spent' })
    const { deviceId } = token
    return { token, deviceId, codes: agreement && (await makeCodes(context, token)) }
  })
  const sealed = agreement && codes ? await sealCodes(context, codes, agreement) : undefined
  await writeAudit(context, {
    customer: token.customer,
    action: 'enrolment_finish',
    success: true,
    serial: token.serial,
    realm: token.realm ?? undefined,
    detail: { deviceName: token.deviceName },
  })
  await tellEnrolled(context, token)
  if (move) await letIn(context, token, move.movesFrom)
  else await tellAdded(context, token)
  const { userVerification } = await readSettings(context, token.customer)
  return {
    deviceId,
    serial: token.serial,
    issuer,
    account: spent.account,
    rootThumbprint,
    userVerification: userVerification === 1,
    ...(sealed && { codes: sealed }),
  }
}
