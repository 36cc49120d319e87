/** Compares what was typed with the PINs of tokens. The try was counted by the owner's object before anything is compared. */
import type { Context } from '../env.ts'
import { hashPassword, matchesHash } from './hash.ts'
import { inTurn } from './turn.ts'

export type PinGuess = { pinHash: string | null; typed: string }

/** A token without a PIN matches the empty one. @returns those that match. */
export async function matchingPins<T extends PinGuess>(
  context: Context,
  guesses: T[],
): Promise<T[]> {
  const easy = guesses.filter(({ pinHash, typed }) => pinHash === null && typed === '')
  const hard = guesses.filter(({ pinHash, typed }) => pinHash !== null && typed !== '')
  if (hard.length === 0) return easy
  return inTurn(context, async () => {
    const matching = [...easy]
    for (const guess of hard)
      if (await matchesHash(guess.typed, guess.pinHash ?? '', context.deployment.pepper))
        matching.push(guess)
    return matching
  })
}

/** @returns what is kept of a PIN; null where there is none. */
export const hashPin = (context: Context, pin: string): Promise<string | null> =>
  pin === ''
    ? Promise.resolve(null)
    : inTurn(context, () => hashPassword(pin, context.deployment.pepper))
