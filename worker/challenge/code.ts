/**
 * The code that a person carries from the login to their device: twenty bits, made from the challenge's id with a key of
 * its own. It is stored nowhere, so nothing that is stored, pushed or logged can give it away.
 */
import { codeLength } from '../../schema/limits.ts'
import { isCrockford, normaliseCrockford, toCrockford } from '../../schema/crockford.ts'
import { hmac } from '../crypto/derive.ts'
import { equalSecrets } from '../crypto/equal.ts'

export async function codeFor(master: CryptoKey, challenge: string): Promise<string> {
  return toCrockford(await hmac(master, 'code', challenge), codeLength)
}

/** Forgives what the alphabet forgives (O for 0, I and L for 1, case, blanks), nothing else. */
export function codeMatches(typed: string | undefined, expected: string): boolean {
  const code = normaliseCrockford(typed ?? '')
  return isCrockford(code, codeLength) && equalSecrets(code, expected)
}
