/**
 * What passkeys sign, and whom they name. Neither is kept anywhere: a challenge carries its own end and proves by an HMAC that we made
 * it, and for whom; a person's handle follows from their owner id.
 *
 * A challenge is 52 bytes, 70 base64url characters: its end (4, epoch seconds) · random (16) · HMAC-SHA256 (32).
 */
import { fromBase64url, toBase64url, utf8 } from '../../schema/encoding.ts'
import { hmac } from './derive.ts'
import { equalSecrets } from './equal.ts'
import type { OwnerId } from './sealed-id.ts'
import type { Random } from './random.ts'

const headBytes = 20
const lengthBytes = headBytes + 32

/** Whoever makes one for a login cannot finish a registration by it, nor the other way round. */
export type Purpose = { for: 'login' | 'registration'; about: string[] }

/** @param purpose.about for whom it is: told nowhere in it, and to be said again when it comes back. */
export async function makeChallenge(
  master: CryptoKey,
  purpose: Purpose,
  untilAt: number,
  random: Random,
): Promise<string> {
  const head = new Uint8Array(headBytes)
  new DataView(head.buffer).setUint32(0, untilAt)
  head.set(random(headBytes - 4), 4)
  return toBase64url(new Uint8Array([...head, ...(await proofOf(master, purpose, head))]))
}

/** @returns when it ends, or null where we did not make it for this, or its time is over. */
export async function openChallenge(
  master: CryptoKey,
  purpose: Purpose,
  challenge: string,
  now: number,
): Promise<{ untilAt: number } | null> {
  const bytes = challenge.length === 70 ? fromBase64url(challenge) : null
  // The last character has four bits that stand for nothing: of one challenge there is one text.
  if (bytes?.length !== lengthBytes || toBase64url(bytes) !== challenge) return null
  const head = bytes.slice(0, headBytes)
  const proof = toBase64url(await proofOf(master, purpose, head))
  if (!equalSecrets(toBase64url(bytes.subarray(headBytes)), proof)) return null
  const untilAt = new DataView(head.buffer).getUint32(0)
  return untilAt > now ? { untilAt } : null
}

const proofOf = (master: CryptoKey, purpose: Purpose, head: Uint8Array): Promise<Uint8Array> =>
  hmac(
    master,
    `passkey-challenge/${purpose.for}`,
    JSON.stringify([...purpose.about, toBase64url(head)]),
  )

/**
 * privacyIDEA's pages give the authenticator the text of a challenge, as its bytes; the standard's own functions give it the bytes that
 * the text stands for. Both come from the same challenge and from no other.
 */
export const isSigned = (challenge: string, signed: string): boolean =>
  signed === challenge || signed === toBase64url(utf8(challenge))

/** WebAuthn §14.6.1: no name, and nothing that is known of them elsewhere. The same for all passkeys of one person, so that an authenticator shows them once. */
export const userHandleOf = async (
  master: CryptoKey,
  ownerId: OwnerId,
): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await hmac(master, 'passkey-user', ownerId))
