/** A login by a passkey, as privacyIDEA's clients hear of it. */
import type { PasskeyChecked } from '../../challenge/passkey.ts'
import type { Result } from './envelope.ts'
import { rejected, unmetTerms } from './challenge-answer.ts'

const question = 'Please authenticate with your passkey!'

/** As it goes to the browser. Named both as privacyIDEA's pages read it and as WebAuthn's own functions do. */
export const passkeyChallenge = (
  { challenge, rpId, untilAt }: { challenge: string; rpId: string; untilAt: number },
  message: string | null,
): Result => ({
  value: false,
  authentication: 'CHALLENGE',
  detail: {
    passkey: {
      challenge,
      message: message ?? question,
      rpId,
      transaction_id: challenge,
      user_verification: 'required',
      userVerification: 'required',
    },
    transaction_id: challenge,
    expires_at: untilAt,
  },
})

/** Whose it was: the application asked for nobody. */
export const passkeyAccepted = (
  serial: string,
  { user = '', realm = '' }: { user?: string; realm?: string },
): Result => ({
  value: true,
  authentication: 'ACCEPT',
  detail: {
    message: 'Found matching challenge',
    serial,
    type: 'passkey',
    username: user,
    realm,
  },
})

export const unknownPasskey = rejected(
  'No token found for the given credential ID or transaction ID!',
)

/** It is another person's, or another token, than the request names. */
export const otherPasskey = rejected('The passkey is not of this user.')

/** Why in particular a proof does not hold, the trail says. */
export function passkeyRefused(checked: Extract<PasskeyChecked, { ok: false }>): Result {
  switch (checked.reason) {
    case 'challenge_over':
      return rejected('The challenge is unknown or over. Ask for a new one.')
    case 'replayed':
      return rejected('The challenge was used before. Ask for a new one.')
    case 'unverified':
    case 'copied':
      return rejected('Authentication failed.')
    case 'no_person':
      return rejected('No user found for the token with the given credential ID!')
    case 'no_suitable_token':
      return rejected('No suitable token found for authentication.')
    case 'used_up':
      return rejected('Authentication counter exceeded')
    case 'locked':
      return rejected('Failcounter exceeded')
    case 'too_often':
    case 'too_long_ago':
      return rejected(unmetTerms(checked))
  }
}
