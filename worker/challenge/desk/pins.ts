/** What a PIN is to be compared with. The hashing is done at the edge; here the try is counted first. */
import { copyOf, isLocked, isUsable } from './copy.ts'
import type { Address, Desk, TokenCopy } from './desk.ts'
import { type GuessedFrom, takeTry } from './tries.ts'
import { forgive } from './waits.ts'

export type PinCandidates =
  | { ok: true; pins: { serial: string; pinHash: string | null }[] }
  | {
      ok: false
      reason: 'no_tokens' | 'no_suitable_token' | 'locked' | 'revoked' | 'too_many_tries'
      againAt?: number
    }

/** scope: whose tries are counted together. */
export type PinGuess = { scope: string; from: GuessedFrom }

/** @param asked.guess takes one try; null where nothing is guessed (an empty PIN). @returns what to compare the PIN with. */
export async function pinCandidates(
  desk: Desk,
  address: Address,
  { serials, guess }: { serials?: string[]; guess: PinGuess | null },
): Promise<PinCandidates> {
  const copy = await copyOf(desk, address)
  const asked = copy.tokens.filter(({ serial }) => !serials || serials.includes(serial))
  if (asked.length === 0) return { ok: false, reason: 'no_tokens' }
  const usable = asked.filter(isUsable)
  const open = usable.filter((token: TokenCopy) => !isLocked(desk, token))
  if (open.length === 0) {
    if (usable.length > 0) return { ok: false, reason: 'locked' }
    return {
      ok: false,
      reason: asked.every(({ revoked }) => revoked) ? 'revoked' : 'no_suitable_token',
    }
  }
  const tried = guess === null ? null : takeTry(desk, `pin/${guess.scope}`, guess.from)
  if (tried && !tried.ok) return tried
  return { ok: true, pins: open.map(({ serial, pinHash }) => ({ serial, pinHash })) }
}

/** The PIN was right: the tries of this address are forgiven. */
export const pinMatched = (desk: Desk, scope: string): void => forgive(desk, `pin/${scope}`)
