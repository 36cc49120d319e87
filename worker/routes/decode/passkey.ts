/** What a browser's authenticator gave, as privacyIDEA's pages send it: a parameter for each part, base64url or base64. */
import type { RegistrationResponse } from '../../../schema/device.ts'
import { fromBase64url } from '../../../schema/encoding.ts'
import type { Assertion } from '../../challenge/passkey.ts'
import { refuse } from '../../problem.ts'
import type { Parameters } from './parameters.ts'

/** An id is 1,023 bytes at most (WebAuthn §4); attestations that nobody asked for are the longest of the rest. */
const longest = 16_384

/** The name of today, and the one that older pages have for it. */
const older: Record<string, string> = {
  credential_id: 'credentialid',
  clientDataJSON: 'clientdata',
  authenticatorData: 'authenticatordata',
  signature: 'signaturedata',
  userHandle: 'userhandle',
  attestationObject: 'attestationobject',
}

/** @returns base64url without padding. @throws Refusal missing_parameter · bad_parameter */
function part(parameters: Parameters, name: string): string {
  const otherwise = older[name] ?? name
  const given = parameters.get(name) || parameters.get(otherwise)
  if (given === '') refuse({ reason: 'missing_parameter', field: name })
  // A plus sign in a form arrives as a blank.
  const text = given.replaceAll(/[ +]/g, '-').replaceAll('/', '_').replace(/=+$/, '')
  if (text.length > longest || !fromBase64url(text))
    refuse({
      reason: 'bad_parameter',
      field: name,
      mend: `must be base64url, at most ${longest} characters`,
    })
  return text
}

/** Whether the request is by a passkey: nothing else names a credential. */
export const namesCredential = (parameters: Parameters): boolean =>
  parameters.get('credential_id') !== '' || parameters.get('credentialid') !== ''

/** @throws Refusal missing_parameter · bad_parameter */
export const assertionOf = (parameters: Parameters): Assertion => ({
  credentialId: part(parameters, 'credential_id'),
  clientDataJSON: part(parameters, 'clientDataJSON'),
  authenticatorData: part(parameters, 'authenticatorData'),
  signature: part(parameters, 'signature'),
  userHandle: part(parameters, 'userHandle'),
})

/** @throws Refusal missing_parameter · bad_parameter */
export function attestationOf(parameters: Parameters): RegistrationResponse {
  const id = part(parameters, 'credential_id')
  return {
    id,
    rawId: id,
    type: 'public-key',
    response: {
      clientDataJSON: part(parameters, 'clientDataJSON'),
      attestationObject: part(parameters, 'attestationObject'),
    },
    clientExtensionResults: {},
  }
}
