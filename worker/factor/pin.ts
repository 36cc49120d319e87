/**
 * Compares what was typed with the PINs of tokens, or with a person's password. The try was counted by the owner's object before
 * anything is compared. All PINs of an owner share a salt, so that a login derives each typed text once, however many tokens
 * there are.
 */
import { hmac } from '../crypto/derive.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import type { Context } from '../env.ts'
import { Comparison, hashPassword } from './hash.ts'
import { isLegacy, matchesKept } from './legacy.ts'
import { inTurn } from './turn.ts'

/** stored: the hash that `typed` is compared with; null matches the empty text. */
export type SecretGuess = { stored: string | null; typed: string }

/** @param atLeast so many texts are derived, whatever there is to compare: for callers who may not know. @returns those that match. */
export async function matching<T extends SecretGuess>(
  context: Context,
  guesses: T[],
  atLeast = 0,
): Promise<T[]> {
  const easy = guesses.filter(({ stored, typed }) => stored === null && typed === '')
  // Other systems hash the empty PIN as well.
  const hard = guesses.filter(
    ({ stored, typed }) => stored !== null && (typed !== '' || isLegacy(stored)),
  )
  if (hard.length === 0 && atLeast === 0) return easy
  const alone = hard.some(({ stored }) => isLegacy(stored))
  const work = async () => {
    const comparison = new Comparison(context.deployment.pepper, context.hashCost)
    const matches = ({ typed, stored }: SecretGuess): Promise<boolean> =>
      isLegacy(stored)
        ? matchesKept(context, typed, stored ?? '')
        : comparison.matches(typed, stored ?? '')
    const found = [...easy]
    for (const guess of hard) if (await matches(guess)) found.push(guess)
    await comparison.fillUp(atLeast)
    return found
  }
  return inTurn(context, work, { alone })
}

/** @returns what is kept of a PIN; null where there is none. */
export const hashPin = (context: Context, pin: string, ownerId: OwnerId): Promise<string | null> =>
  pin === ''
    ? Promise.resolve(null)
    : inTurn(context, async () =>
        hashPassword(
          pin,
          context.deployment.pepper,
          await saltOf(context, ownerId),
          context.hashCost,
        ),
      )

const saltOf = async ({ deployment }: Context, ownerId: OwnerId): Promise<Buffer> =>
  Buffer.from((await hmac(deployment.master, 'pin-salt', ownerId)).subarray(0, 16))
