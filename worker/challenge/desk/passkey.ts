/**
 * Uses up what a passkey has signed, where one turn of one thread decides: the same challenge lets in once, and a counter that does not
 * grow lets in nobody. The signature was checked before.
 */
import { isLocked, isSpent, otpStateOf, setOtpState } from './counters.ts'
import { copyOf, mayAnswer, tokenCopy } from './copy.ts'
import type { Address, Desk, OwnerCopy } from './desk.ts'
import { keepUntil, lapsing } from './lapsing.ts'
import { record } from './outbox.ts'
import {
  type Attempt,
  type TooLongAgo,
  type TooOften,
  succeeded,
  tooLongAgo,
  tooOften,
} from './terms.ts'

export type PasskeyUse = Attempt & {
  serial: string
  credentialId: string
  challenge: string
  /** Until then the challenge could be shown again. */
  untilAt: number
  /** What the authenticator says that it has counted. */
  signCount: number
  application: string
  client: string | null
}

export type PasskeyOutcome =
  | { ok: true }
  | { ok: false; reason: 'no_suitable_token' | 'locked' | 'used_up' | 'replayed' | 'copied' }
  | TooOften
  | TooLongAgo

export async function usePasskey(
  desk: Desk,
  address: Address,
  use: PasskeyUse,
): Promise<PasskeyOutcome> {
  const copy = await copyOf(desk, address)

  // From here to the end nothing is awaited.
  const usedBy = lapsing(desk, 'passkey', use.challenge)
  // The connection broke and the call was repeated.
  if (usedBy === use.attempt) return { ok: true }
  const outcome: PasskeyOutcome =
    usedBy === null ? judge(desk, use) : { ok: false, reason: 'replayed' }
  if (outcome.ok) enter(desk, copy, use)
  record(desk, {
    kind: 'audit',
    body: {
      customer: address.customer,
      action: 'check',
      success: outcome.ok,
      serial: use.serial,
      user: copy.person?.username,
      realm: copy.person?.realm,
      application: use.application,
      client: use.client ?? undefined,
      detail: outcome.ok ? { by: 'passkey' } : { reason: outcome.reason },
    },
  })
  return outcome
}

function judge(desk: Desk, use: PasskeyUse): PasskeyOutcome {
  const { serial, credentialId, signCount, terms } = use
  const token = tokenCopy(desk, serial)
  if (token?.type !== 'passkey' || token.passkey !== credentialId || !mayAnswer(desk, token))
    return { ok: false, reason: 'no_suitable_token' }
  if (isSpent(desk, token)) return { ok: false, reason: 'used_up' }
  if (isLocked(desk, token)) return { ok: false, reason: 'locked' }
  const unmet = tooOften(desk, use) ?? tooLongAgo(desk, serial, terms)
  if (unmet) return unmet
  const { counter } = otpStateOf(desk, serial)
  // WebAuthn §6.1.1: one that does not grow tells of a copied authenticator; many always say 0.
  const isCopied = (signCount > 0 || counter > 0) && signCount <= counter
  return isCopied ? { ok: false, reason: 'copied' } : { ok: true }
}

function enter(desk: Desk, copy: OwnerCopy, use: PasskeyUse): void {
  const { serial, challenge, untilAt, signCount, attempt } = use
  keepUntil(desk, 'passkey', challenge, attempt, untilAt)
  if (signCount !== otpStateOf(desk, serial).counter)
    setOtpState(desk, serial, { counter: signCount, timeShift: 0 })
  succeeded(desk, copy, [serial], use)
}
