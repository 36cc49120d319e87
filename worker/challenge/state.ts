/**
 * The life of a transaction, as a table. Pure: the clock is an argument.
 *
 *   pending ─approve→ approved ─redeem→ redeemed
 *      │ decline→ declined    │
 *      │ cancel → cancelled ←─┤
 *      └ expire → expired   ←─┘
 */
import type { State } from '../../schema/states.ts'

export type Move = 'approve' | 'decline' | 'cancel' | 'expire' | 'redeem'

const moves: Record<State, Partial<Record<Move, State>>> = {
  pending: { approve: 'approved', decline: 'declined', cancel: 'cancelled', expire: 'expired' },
  approved: { redeem: 'redeemed', cancel: 'cancelled', expire: 'expired' },
  redeemed: {},
  declined: {},
  cancelled: {},
  expired: {},
}

/** @returns the state after the move, or null where the table has no such move. */
export const next = (state: State, move: Move): State | null => moves[state][move] ?? null

export type Timed = { state: State; answerableUntilAt: number; redeemableUntilAt: number }

/** What the clock makes of a stored state. Expiry is decided here, at each read; the alarm only cleans up. */
export function stateAt(
  { state, answerableUntilAt, redeemableUntilAt }: Timed,
  now: number,
): State {
  if (state === 'pending' && now >= answerableUntilAt) return 'expired'
  if (state === 'approved' && now >= redeemableUntilAt) return 'expired'
  return state
}
