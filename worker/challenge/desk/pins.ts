/** What a PIN is to be compared with, and where a one-time password may follow it. The hashing is done at the edge; here the try is counted first. */
import { countFailure } from './answer.ts'
import { copyOf, isLocked, isUsable, keptCopy } from './copy.ts'
import type { TokenType } from '../../store/tokens.ts'
import type { Address, Desk, TokenCopy } from './desk.ts'
import { drainSoon, record } from './outbox.ts'
import { type GuessedFrom, takeTry } from './tries.ts'
import { forgive } from './waits.ts'

export type PinCandidate = {
  serial: string
  type: TokenType
  pinHash: string | null
  /** 0: this token has no one-time passwords. */
  otpLength: number
}

export type PinCandidates =
  | { ok: true; tokens: PinCandidate[] }
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
  { serials, types, guess }: { serials?: string[]; types?: string[]; guess: PinGuess | null },
): Promise<PinCandidates> {
  const copy = await copyOf(desk, address)
  const asked = copy.tokens.filter(
    ({ serial, type }) =>
      (!serials || serials.includes(serial)) && (!types || types.includes(type)),
  )
  if (asked.length === 0) return { ok: false, reason: 'no_tokens' }
  const usable = asked.filter((token) => isUsable(desk, token))
  const open = usable.filter((token: TokenCopy) => !isLocked(desk, token))
  if (open.length === 0) {
    if (usable.length > 0) return { ok: false, reason: 'locked' }
    return {
      ok: false,
      reason: asked.every(({ revoked }) => revoked) ? 'revoked' : 'no_suitable_token',
    }
  }
  // Guesses at one-time passwords alone are counted by the token itself.
  const guessed = open.some(({ type, pinHash }) => type === 'push' || pinHash !== null)
  const tried = guess === null || !guessed ? null : takeTry(desk, `pin/${guess.scope}`, guess.from)
  if (tried && !tried.ok) return tried
  return {
    ok: true,
    tokens: open.map(({ serial, type, pinHash, otp }) => ({
      serial,
      type,
      pinHash,
      otpLength: otp?.length ?? 0,
    })),
  }
}

export type WrongPin = {
  serials: string[]
  /** The configuration wants it counted as a failure of the tokens. */
  count: boolean
  application: string
  client: string | null
}

/** The PIN was none of theirs. */
export function wrongPin(desk: Desk, address: Address, wrong: WrongPin): void {
  const copy = keptCopy(desk)
  for (const token of copy?.tokens ?? [])
    if (wrong.count && wrong.serials.includes(token.serial) && !isLocked(desk, token))
      countFailure(desk, token)
  record(desk, {
    kind: 'audit',
    body: {
      customer: address.customer,
      action: 'check',
      success: false,
      serial: wrong.serials.join(','),
      user: copy?.person?.username,
      realm: copy?.person?.realm,
      application: wrong.application,
      client: wrong.client ?? undefined,
      detail: { reason: 'wrong_pin' },
    },
  })
  drainSoon(desk)
}

/** The PIN was right: the tries of this address are forgiven. */
export const pinMatched = (desk: Desk, scope: string): void => forgive(desk, `pin/${scope}`)
