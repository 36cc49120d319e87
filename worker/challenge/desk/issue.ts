/** Signs what one device will show: everything the person sees, and nothing of the code. */
import { sign } from '../../../schema/jws.ts'
import { type ChallengeClaims, challengeHash, typ } from '../../../schema/signing.ts'
import { filled } from '../../policy/tags.ts'
import type { TriggerRequest } from './asked.ts'
import type { Desk, OwnerCopy, TokenCopy } from './desk.ts'

export async function issue(
  desk: Desk,
  copy: OwnerCopy,
  token: TokenCopy,
  request: TriggerRequest,
  how: { now: number; answerableUntilAt: number; match: 'code' | 'none' },
): Promise<{ serial: string; jws: string; hash: string }> {
  // Nothing is sent to who types, and what a stock phone reads is signed when it reads it: that costs a millisecond.
  if (token.type !== 'push' || token.phone) return { serial: token.serial, jws: '', hash: '' }
  const forToken = (text: string): string => filled(text, { serial: token.serial })
  const claims: ChallengeClaims = {
    iss: desk.deployment.origin,
    aud: token.deviceId ?? '',
    challenge: request.challenge,
    iat: how.now,
    exp: how.answerableUntilAt,
    application: request.application,
    account: copy.account,
    origin: request.origin,
    match: how.match,
    ...(request.settings.userVerification === 1 && { userVerification: true }),
    ...(request.newDevice && { newDevice: request.newDevice }),
    ...(request.title !== undefined && { title: forToken(request.title) }),
    ...(request.text !== undefined && { text: forToken(request.text) }),
  }
  const jws = await sign(typ.challenge, claims, desk.deployment.signing)
  return { serial: token.serial, jws, hash: await challengeHash(jws) }
}
