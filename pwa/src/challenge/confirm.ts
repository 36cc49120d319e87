/** Asks for the finger, face or PIN over one answer: the assertion's challenge is the hash of exactly that answer. */
import { startAuthentication } from '@simplewebauthn/browser'
import * as v from 'valibot'
import { AuthenticationResponse } from '../../../schema/device.ts'
import { sha256 } from '../../../schema/encoding.ts'

/** @returns null where the person or the platform did not confirm. */
export async function confirmAnswer(
  answerJws: string,
  verifierId: string,
): Promise<AuthenticationResponse | null> {
  const asserted = await startAuthentication({
    optionsJSON: {
      challenge: await sha256(answerJws),
      rpId: location.hostname,
      allowCredentials: [{ id: verifierId, type: 'public-key' }],
      userVerification: 'required',
    },
  }).catch(() => null)
  return asserted && v.parse(AuthenticationResponse, asserted)
}
