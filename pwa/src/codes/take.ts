/** Takes the codes that come with a device: the seed becomes a key that nobody can read, and its bytes are seen by no script. */
import type { EnrolmentFinishAnswer } from '../../../schema/device.ts'
import { agreementKeys, openHmac } from '../../../schema/sealed.ts'
import type { Codes, KeyPair } from '../keys/database.ts'
import { database } from '../keys/database.ts'

/** The key that the seed will be sealed to: kept with the draft, so that a finish that is repeated can be opened too. */
export async function agreementFor(draft: string, pair: KeyPair): Promise<CryptoKeyPair> {
  if (pair.agreement) return pair.agreement
  const agreement = await agreementKeys()
  await (await database()).put('drafts', { ...pair, agreement }, draft)
  return agreement
}

/** @returns null where the server gives none. */
export async function takeCodes(
  given: EnrolmentFinishAnswer['codes'],
  agreement: CryptoKeyPair,
): Promise<{ codes: Codes; key: CryptoKey } | null> {
  if (!given) return null
  const { serial, seed, digits, stepSeconds, hash } = given
  const key = await openHmac(seed, agreement, { purpose: serial, hash })
  return key && { codes: { digits, stepSeconds }, key }
}
