/** What a PIN is to be compared with, and where a one-time password may follow it. The hashing is done at the edge; here the try is counted first. */
import { countFailure, countTry, isLocked, isSpent } from './counters.ts'
import { copyOf, isOutside, mayAnswer } from './copy.ts'
import type { TokenType } from '../../store/tokens/row.ts'
import type { Address, Desk, Seen, TokenCopy } from './desk.ts'
import { record } from './outbox.ts'
import {
  type Attempt,
  type TooOften,
  countAttempt,
  forgetAttempt,
  succeeded,
  tooOften,
} from './terms.ts'
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
      reason: 'no_suitable_token' | 'locked' | 'revoked' | 'used_up' | 'outside_validity'
    }
  | { ok: false; reason: 'too_many_tries'; againAt: number }
  /** none: not even others than those that were asked for. */
  | { ok: false; reason: 'no_tokens'; none: boolean }
  | TooOften

/** scope: whose tries are counted together. */
export type PinGuess = { scope: string; from: GuessedFrom }

export type PinQuestion = Attempt & {
  serials?: string[]
  types?: string[]
  /** Takes one try; null where nothing is guessed (an empty PIN). */
  guess: PinGuess | null
  /** What is typed is compared with the person's password: for tokens without a PIN too. */
  password: boolean
  /** And for a person without any token. */
  passthru: boolean
}

/** @returns what to compare the PIN with. */
export async function pinCandidates(
  desk: Desk,
  address: Address,
  { serials, types, guess, password, passthru, ...attempt }: PinQuestion,
  seen?: Seen,
): Promise<PinCandidates> {
  const copy = await copyOf(desk, address, seen)
  const asked = copy.tokens.filter(
    ({ serial, type }) =>
      (!serials || serials.includes(serial)) && (!types || types.includes(type)),
  )
  const none = copy.tokens.length === 0
  const limited = none && !passthru ? null : tooOften(desk, attempt)
  if (limited) return limited
  const takeGuess = () => {
    const tried =
      guess === null ? { ok: true as const } : takeTry(desk, `pin/${guess.scope}`, guess.from)
    if (guess !== null && tried.ok) countAttempt(desk, attempt, 'fail')
    return tried
  }
  if (asked.length === 0) {
    const tried = none && passthru ? takeGuess() : { ok: true as const }
    return tried.ok ? { ok: false, reason: 'no_tokens', none } : tried
  }
  // A passkey answers no PIN and no text.
  const usable = asked.filter((token) => token.type !== 'passkey' && mayAnswer(desk, token))
  const open = usable.filter((token: TokenCopy) => !isLocked(desk, token))
  if (open.length === 0) {
    return { ok: false, reason: whyNone(desk, asked, usable) }
  }
  // Guesses at one-time passwords alone are counted by the token itself.
  const guessed = password || open.some(({ type, pinHash }) => type === 'push' || pinHash !== null)
  const tried = guessed ? takeGuess() : { ok: true as const }
  if (!tried.ok) return tried
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

function whyNone(desk: Desk, asked: TokenCopy[], usable: TokenCopy[]) {
  if (usable.length > 0) return usable.every((token) => isSpent(desk, token)) ? 'used_up' : 'locked'
  if (asked.every(({ revoked }) => revoked)) return 'revoked'
  const dated = asked.some((token) => token.active && !token.revoked && isOutside(desk, token))
  return dated ? 'outside_validity' : 'no_suitable_token'
}

export type Login = {
  application: string
  client: string | null
  /** As the request names them: the trail of a person without tokens has no other name. */
  user?: string | undefined
  realm?: string | undefined
}

export type WrongPin = Login & {
  serials: string[]
  /** The configuration wants it counted as a failure of the tokens. */
  count: boolean
  /** null: not worth a row, as what was not even compared. */
  reason: string | null
}

/** The PIN was none of theirs, or was not looked at. Who does not exist, or has nothing here, leaves nothing behind. */
export async function wrongPin(desk: Desk, address: Address, wrong: WrongPin): Promise<void> {
  if (wrong.reason === null) return
  const { person, tokens } = await copyOf(desk, address)
  if (!desk.hasStorage && tokens.length === 0) return
  for (const token of tokens)
    if (wrong.count && wrong.serials.includes(token.serial) && !isLocked(desk, token)) {
      countFailure(desk, token)
      countTry(desk, token.serial)
    }
  record(desk, {
    kind: 'audit',
    body: {
      customer: address.customer,
      action: 'check',
      success: false,
      serial: wrong.serials.join(','),
      user: person?.username ?? wrong.user,
      realm: person?.realm ?? wrong.realm,
      application: wrong.application,
      client: wrong.client ?? undefined,
      detail: { reason: wrong.reason },
    },
  })
}

/** The PIN was right: the tries of this address are forgiven, and this attempt is no failure. */
export function pinMatched(desk: Desk, scope: string, attempt: string): void {
  forgive(desk, `pin/${scope}`)
  forgetAttempt(desk, attempt)
}

/** by: the policy that lets a person in who has no token. */
export type Entering = Login & Attempt & { scope: string; by: string }

/** Somebody without a token is let in. @returns which limit is reached, or null. */
export function entered(desk: Desk, address: Address, entering: Entering): TooOften | null {
  pinMatched(desk, entering.scope, entering.attempt)
  const limited = tooOften(desk, entering)
  if (limited) return limited
  succeeded(desk, null, [], entering)
  record(desk, {
    kind: 'audit',
    body: {
      customer: address.customer,
      action: 'check',
      success: true,
      user: entering.user,
      realm: entering.realm,
      application: entering.application,
      client: entering.client ?? undefined,
      detail: { policy: entering.by },
    },
  })
  return null
}
