/**
 * User verification beside an answer: a WebAuthn assertion whose challenge is the hash of the answer JWS, so that a
 * finger confirms exactly this decision over exactly this text, and cannot be used for another.
 */
import { verifyAuthenticationResponse } from '@simplewebauthn/server'
import type { AuthenticationResponse } from '../../../schema/device.ts'
import { fromBase64url, sha256 } from '../../../schema/encoding.ts'
import { keepCopy } from './copy.ts'
import { type Desk, type TokenCopy } from './desk.ts'
import { record } from './outbox.ts'

export type UnverifiedReason = 'verification_required' | 'verification_refused'

/** Burns nothing: the person may try again. @returns true, or why not. */
export async function verifyUser(
  desk: Desk,
  token: TokenCopy,
  { assertion, jws }: { assertion?: AuthenticationResponse; jws: string },
): Promise<true | UnverifiedReason> {
  const { verifier } = token
  if (!assertion || !verifier) return 'verification_required'
  const { origin } = desk.deployment
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...assertion, response: withoutAbsent(assertion.response) },
      expectedChallenge: await sha256(jws),
      expectedOrigin: origin,
      expectedRPID: new URL(origin).hostname,
      requireUserVerification: true,
      credential: {
        id: verifier.credentialId,
        publicKey: fromBase64url(verifier.publicKey) ?? new Uint8Array(),
        counter: verifier.counter,
      },
    })
    if (!verified || assertion.id !== verifier.credentialId) return 'verification_refused'
    countUse(desk, token, authenticationInfo.newCounter)
    return true
  } catch {
    return 'verification_refused'
  }
}

/** The library's types know no `undefined` members. */
function withoutAbsent<T extends { userHandle?: string | undefined }>({ userHandle, ...rest }: T) {
  return { ...rest, ...(userHandle !== undefined && { userHandle }) }
}

/** WebAuthn §6.1.1: a counter that does not grow tells of a copied authenticator; many always say 0. */
function countUse(desk: Desk, token: TokenCopy, counter: number): void {
  if (!token.verifier || !desk.copy || counter === token.verifier.counter) return
  token.verifier.counter = counter
  keepCopy(desk)
  record(desk, { kind: 'verifier_counter', body: { serial: token.serial, counter } })
}
