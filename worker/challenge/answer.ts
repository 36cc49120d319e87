/** Takes a device's answer to its owner's object. The code is judged here: the object never sees one, right or wrong. */
import type { AnswerAnswer, AnswerRequest } from '../../schema/device.ts'
import type { Context } from '../env.ts'
import { refuse } from '../problem.ts'
import { codeFor, codeMatches } from './code.ts'
import { reach } from './reach.ts'
import { checkChallenge, verifyAnswer } from './verify.ts'

export async function answerChallenge(
  context: Context,
  { answer: jws, assertion }: AnswerRequest,
): Promise<AnswerAnswer> {
  const { claims, deviceId, ownerId } = await verifyAnswer(context, jws)
  await checkChallenge(context, claims.challenge, ownerId)
  const { master } = context.deployment
  const address = { ownerId }
  const settled = await reach(context, address, async (object) =>
    object.answer(address, {
      challenge: claims.challenge,
      challengeHash: claims.challengeHash,
      decision: claims.decision,
      ...(claims.reason && { reason: claims.reason }),
      deviceId,
      codeMatches: codeMatches(claims.code, await codeFor(master, claims.challenge)),
      jws,
      ...(assertion && { assertion }),
    }),
  )
  if (!settled.ok) refuse({ reason: settled.reason })
  return { outcome: settled.outcome, state: settled.state }
}
