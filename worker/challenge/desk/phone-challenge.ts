/** A challenge as the privacyIDEA app reads it, whether it asks or is pushed to: signed by our key for that phone. */
import { filled } from '../../policy/tags.ts'
import { phoneCapabilitiesText, phoneChallengeText } from '../../../schema/signing.ts'
import { serverKeySigner } from '../../crypto/server-key.ts'
import { presenceOf } from '../presence.ts'
import { type Desk, type TokenCopy, rows } from './desk.ts'
import type { Transaction } from './transaction.ts'

/** What the privacyIDEA app reads of a challenge, by polling or by push message. */
export type PhoneChallenge = {
  nonce: string
  question: string
  serial: string
  title: string
  sslverify: '0' | '1'
  url: string
  signature: string
  require_presence?: string
  version?: string
  capabilities?: string
  capabilities_signature?: string
}

/** Signed when it is first read, and kept beside the challenge. @returns null where it was not issued to this phone. */
export async function phoneChallenge(
  desk: Desk,
  token: TokenCopy,
  transaction: Transaction,
): Promise<PhoneChallenge | null> {
  const { phone: terms } = transaction
  const [kept] = rows<{ wire: string | null }>(
    desk,
    'select wire from challenge where transactionId = ? and serial = ?',
    transaction.id,
    token.serial,
  )
  if (!kept || !terms || !token.phone) return null
  if (kept.wire !== null) return JSON.parse(kept.wire) as PhoneChallenge
  const { master } = desk.deployment
  const sign = await serverKeySigner(master, token.phone.serverKey)
  if (!sign) {
    console.error('a server key does not open with this master key', token.serial)
    return null
  }
  const nonce = transaction.challenge
  const own = { serial: token.serial }
  const asked = {
    nonce,
    question: plain(filled(terms.question, own)),
    serial: token.serial,
    title: plain(filled(terms.title, own)),
    sslverify: terms.sslVerify,
    url: terms.url,
    ...(terms.match === 'pick' && {
      require_presence: (await presenceOf(master, nonce, terms)).options.join(','),
      version: '2',
    }),
  }
  const challenge: PhoneChallenge = {
    ...asked,
    signature: await sign(phoneChallengeText(asked)),
    // A phone that never said so drops what it does not expect.
    ...(token.phone.capabilities.includes('decline_reason') && {
      capabilities: '{"decline_reason": true}',
      capabilities_signature: await sign(phoneCapabilitiesText(nonce)),
    }),
  }
  rows(
    desk,
    'update challenge set wire = ? where transactionId = ? and serial = ?',
    JSON.stringify(challenge),
    transaction.id,
    token.serial,
  )
  return challenge
}

/** What is signed stands between bars: a bar in a text could move what is signed into another field. */
const plain = (text: string): string => text.replaceAll('|', '/')
