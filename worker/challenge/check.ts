/** A login's first step: the PIN, and if it is right, a challenge. */
import type { Context } from '../env.ts'
import { matchingPins } from '../factor/pin.ts'
import type { PinGuess } from './desk/pins.ts'
import { reach } from './reach.ts'
import { type Asked, type Asking, triggerChallenge } from './trigger.ts'
import type { Whose } from './whose.ts'

export type Checked =
  | Asked
  | { ok: false; reason: 'wrong_pin' }
  | { ok: false; reason: 'too_many_tries'; againAt?: number }

export async function checkPin(
  context: Context,
  { address, serials }: Whose,
  { pass, ...asking }: Omit<Asking, 'firstFactor'> & { pass: string },
): Promise<Checked> {
  const firstFactor = pass !== ''
  // Guesses are slowed by where they come from, so that a stranger's do not slow the person's own.
  const guess: PinGuess =
    asking.client === null
      ? { scope: `application/${asking.application.id}`, from: 'anywhere' }
      : { scope: asking.client, from: 'address' }
  const found = await reach(context, address, (object) =>
    object.pinCandidates(address, {
      guess: firstFactor ? guess : null,
      ...(serials && { serials }),
    }),
  )
  if (!found.ok) return found
  const matching = await matchingPins(context, found.pins, pass)
  if (matching.length === 0) return { ok: false, reason: 'wrong_pin' }
  if (firstFactor) await reach(context, address, (object) => object.pinMatched(guess.scope))
  return triggerChallenge(context, { address, serials: matching }, { ...asking, firstFactor })
}
