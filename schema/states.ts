/** The words for where a transaction stands, and how a device may answer. No rules here: the moves are in worker/challenge/state.ts. */

export const states = [
  'pending',
  'approved',
  'redeemed',
  'declined',
  'cancelled',
  'expired',
] as const
export type State = (typeof states)[number]

/** What a device signs. A decline carries its reason inside the signature, so that nobody on the way can soften it. */
export const decisions = ['approve', 'decline'] as const
export type Decision = (typeof decisions)[number]

/** `not_me`: "It wasn't me". `cancelled`: the person changed their mind. */
export const declineReasons = ['not_me', 'cancelled'] as const
export type DeclineReason = (typeof declineReasons)[number]

/** What became of an answer that was genuine. */
export const outcomes = ['accepted', 'wrong_code', 'too_late', 'already_answered'] as const
export type Outcome = (typeof outcomes)[number]

/** What became of a request, as its person reads it. */
export const requestOutcomes = [
  'waiting',
  'approved',
  'declined',
  'wrong_code',
  'cancelled',
  'unanswered',
] as const
export type RequestOutcome = (typeof requestOutcomes)[number]
