/**
 * Settles a transaction by a device's answer. Its signature was verified at the edge with a key that its device id is bound
 * to; here one turn of one thread decides: the first valid answer of any device counts, and it counts once.
 */
import { countFailure, isLocked } from './counters.ts'
import type { AnswerClaims } from '../../../schema/signing.ts'
import type { AuthenticationResponse } from '../../../schema/device.ts'
import type { Outcome, State } from '../../../schema/states.ts'
import type { Move } from '../state.ts'
import { approved, missed } from './bell.ts'
import { copyOf, isHeld, isUsable } from './copy.ts'
import { type Desk, type Found, nowSeconds, type OwnerCopy, type TokenCopy } from './desk.ts'
import { expireDue } from './expire.ts'
import { move } from './move.ts'
import { notifyEnded } from './notify.ts'
import { record } from './outbox.ts'
import { type UnverifiedReason, verifyUser } from './verification.ts'
import { challengesOf, currentState, transactionByChallenge } from './kept.ts'
import type { Transaction } from './transaction.ts'

export type Answer = Pick<AnswerClaims, 'challenge' | 'challengeHash' | 'decision' | 'reason'> & {
  deviceId: string
  /** The typed code is the one that belongs to this challenge. */
  codeMatches: boolean
  /** Kept for the receipt. */
  jws: string
  assertion?: AuthenticationResponse
}
export type Answered =
  | { ok: true; outcome: Outcome; state: State }
  | {
      ok: false
      reason:
        | DeviceRefusal
        | 'device_held'
        | 'unknown_challenge'
        | 'challenge_mismatch'
        | UnverifiedReason
    }
export type DeviceRefusal = 'unknown_device' | 'device_retired' | 'device_locked'

export async function answer(desk: Desk, address: Found, given: Answer): Promise<Answered> {
  const copy = await copyOf(desk, address)
  const token = deviceToken(desk, copy, given.deviceId)
  if ('reason' in token) return { ok: false, reason: token.reason }
  // Nothing is issued to it; this is for what was before it was held.
  if (isHeld(desk, token)) return { ok: false, reason: 'device_held' }
  const verified = await verifyUser(desk, token, given)

  // From here to the end nothing is awaited.
  const transaction = transactionByChallenge(desk, given.challenge)
  const issued =
    transaction && challengesOf(desk, transaction.id).find(({ serial }) => serial === token.serial)
  if (!transaction || !issued) return { ok: false, reason: 'unknown_challenge' }
  if (issued.hash !== given.challengeHash) return { ok: false, reason: 'challenge_mismatch' }
  const state = currentState(desk, transaction)
  // The same answer again: its sender did not hear us.
  if (transaction.answer === given.jws)
    return {
      ok: true,
      outcome: transaction.reason === 'wrong_code' ? 'wrong_code' : 'accepted',
      state,
    }
  const mustVerify = transaction.settings.userVerification === 1 && given.decision === 'approve'
  if (mustVerify && verified !== true) return { ok: false, reason: verified }
  expireDue(desk)
  if (state === 'expired') return { ok: true, outcome: 'too_late', state }
  if (state !== 'pending') return { ok: true, outcome: 'already_answered', state }

  const wrongCode =
    given.decision === 'approve' && transaction.match === 'code' && !given.codeMatches
  const moved = settle(desk, copy, token, transaction, { ...given, wrongCode })
  if (!moved)
    return { ok: true, outcome: 'already_answered', state: currentState(desk, transaction) }
  return { ok: true, outcome: wrongCode ? 'wrong_code' : 'accepted', state: moved.state }
}

/** What a token's holder decided. A wrong code ends it, whatever else was said. */
export type Verdict = Pick<Answer, 'decision' | 'reason' | 'jws'> & { wrongCode: boolean }

/** Awaits nothing. @returns the transaction after it, or null where it was over. */
export function settle(
  desk: Desk,
  copy: OwnerCopy,
  token: TokenCopy,
  transaction: Transaction,
  verdict: Verdict,
): Transaction | null {
  const { decision, reason, wrongCode } = verdict
  const by: Move =
    decision === 'approve' && !wrongCode ? 'approve' : reason === 'cancelled' ? 'cancel' : 'decline'
  const moved = move(desk, transaction, by, {
    ...reasonOf(verdict),
    answeredAtMs: desk.nowMs(),
    answeredBy: token.serial,
    answer: verdict.jws,
  })
  if (!moved) return null
  if (by === 'approve') approved(desk, transaction.firstFactor)
  else if (transaction.rung)
    missed(desk, transaction.firstFactor, transaction.settings, nowSeconds(desk))
  if (wrongCode) countFailure(desk, token)
  writeDown(desk, copy, token, moved, wrongCode)
  notifyEnded(desk, moved)
  return moved
}

const reasonOf = ({ decision, reason, wrongCode }: Verdict): { reason?: string } =>
  wrongCode
    ? { reason: 'wrong_code' }
    : decision === 'decline'
      ? { reason: reason ?? 'declined' }
      : {}

/** @returns the token of a device that may speak, or why it may not. */
export function deviceToken(
  desk: Desk,
  copy: OwnerCopy,
  deviceId: string,
): TokenCopy | { reason: DeviceRefusal } {
  const token = copy.tokens.find((candidate) => candidate.deviceId === deviceId)
  if (!token) return { reason: 'unknown_device' }
  if (!isUsable(desk, token)) return { reason: 'device_retired' }
  return isLocked(desk, token) ? { reason: 'device_locked' } : token
}

function writeDown(
  desk: Desk,
  copy: OwnerCopy,
  token: TokenCopy,
  transaction: Transaction,
  wrongCode: boolean,
): void {
  record(desk, {
    kind: 'audit',
    body: {
      customer: copy.customer,
      action: 'answer',
      success: transaction.state === 'approved',
      serial: token.serial,
      user: copy.person?.username,
      realm: copy.person?.realm,
      application: transaction.application,
      client: transaction.client ?? undefined,
      detail: {
        state: transaction.state,
        ...(transaction.reason && { reason: transaction.reason }),
        wrongCode,
      },
    },
  })
}
