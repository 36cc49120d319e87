/** The life of a transaction: every pair of state and move, and the second at which the clock decides. */
import { describe, expect, it } from 'vitest'
import { type State, states } from '../../schema/states.ts'
import { type Move, next, stateAt } from '../../worker/challenge/state.ts'

const moves: Move[] = ['approve', 'decline', 'cancel', 'expire', 'redeem']

/** As the design tells it, written again: what is not here is no move. */
const allowed: Partial<Record<`${State} ${Move}`, State>> = {
  'pending approve': 'approved',
  'pending decline': 'declined',
  'pending cancel': 'cancelled',
  'pending expire': 'expired',
  'approved redeem': 'redeemed',
  'approved cancel': 'cancelled',
  'approved expire': 'expired',
}

describe('the table of moves', () => {
  for (const state of states)
    for (const move of moves) {
      const to = allowed[`${state} ${move}`] ?? null
      const promise = to ? `takes ${state} by ${move} to ${to}` : `has no ${move} from ${state}`
      it(promise, () => {
        expect(next(state, move)).toBe(to)
      })
    }

  it('leaves no way out of an end', () => {
    for (const end of ['redeemed', 'declined', 'cancelled', 'expired'] as const)
      expect(moves.map((move) => next(end, move))).toEqual(moves.map(() => null))
  })

  it('reaches redeemed only through approved', () => {
    const before = states.filter((state) => moves.some((move) => next(state, move) === 'redeemed'))
    expect(before).toEqual(['approved'])
  })
})

describe('the clock', () => {
  const answerableUntilAt = 1000
  const redeemableUntilAt = 1300
  const at = (state: State, now: number) =>
    stateAt({ state, answerableUntilAt, redeemableUntilAt }, now)

  it('leaves a pending one open to the last second, and expires it at the limit', () => {
    expect(at('pending', answerableUntilAt - 1)).toBe('pending')
    expect(at('pending', answerableUntilAt)).toBe('expired')
    expect(at('pending', answerableUntilAt + 1)).toBe('expired')
  })

  it('lets an approval outlive the time to answer, up to its own limit', () => {
    expect(at('approved', answerableUntilAt)).toBe('approved')
    expect(at('approved', redeemableUntilAt - 1)).toBe('approved')
    expect(at('approved', redeemableUntilAt)).toBe('expired')
    expect(at('approved', redeemableUntilAt + 1)).toBe('expired')
  })

  it('changes nothing about an end, however late', () => {
    for (const end of ['redeemed', 'declined', 'cancelled', 'expired'] as const)
      for (const now of [0, answerableUntilAt, redeemableUntilAt, Number.MAX_SAFE_INTEGER])
        expect(at(end, now)).toBe(end)
  })
})
