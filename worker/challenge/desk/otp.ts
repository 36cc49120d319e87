/**
 * One-time passwords: used up here, where one turn of one thread decides, so that the same code is accepted once even when it
 * comes twice at the same instant. What is used up goes back to D1 by the outbox.
 */
import { countFailure, countTry, isLocked, otpStateOf, setOtpState } from './counters.ts'
import { unseal } from '../../crypto/seal.ts'
import { type OtpKind, type OtpType, hasForm, matchOtp, resynchronised } from '../../factor/otp.ts'
import type { TokenType } from '../../store/tokens/row.ts'
import { copyOf, keptCopy, mayAnswer } from './copy.ts'
import { type Address, type Desk, type TokenCopy, nowSeconds } from './desk.ts'
import { record } from './outbox.ts'
import {
  type Attempt,
  type TooLongAgo,
  type TooOften,
  countAttempt,
  succeeded,
  tooLongAgo,
  tooOften,
} from './terms.ts'

export type OtpGuess = { serial: string; otp: string }
/** What the answer says of a token. */
export type Shown = { serial: string; type: TokenType; otpLength: number }
export type OtpOutcome =
  | { ok: true; tokens: Shown[] }
  | { ok: false; reason: 'wrong_otp'; usedBefore: boolean; tokens: Shown[] }
  | { ok: false; reason: 'locked' }
  | TooOften
  | TooLongAgo

export type OtpUse = Attempt & {
  guesses: OtpGuess[]
  /** false: a wrong one is no guess, because the same text was right for something else. */
  countWrong: boolean
  application: string
  client: string | null
}

/** A guess with what it takes to judge it without waiting for anything. */
export type Prepared = OtpGuess & { seed: Uint8Array | null }

export async function useOtp(desk: Desk, address: Address, use: OtpUse): Promise<OtpOutcome> {
  await copyOf(desk, address)
  const prepared = await prepare(desk, use.guesses)

  // From here to the end nothing is awaited.
  const outcome = judge(desk, prepared, { ...use, pinned: true })
  const copy = keptCopy(desk)
  record(desk, {
    kind: 'audit',
    body: {
      customer: address.customer,
      action: 'check',
      success: outcome.ok,
      serial:
        'tokens' in outcome ? outcome.tokens.map(({ serial }) => serial).join(',') : undefined,
      user: copy?.person?.username,
      realm: copy?.person?.realm,
      application: use.application,
      client: use.client ?? undefined,
      ...(!outcome.ok && { detail: { reason: outcome.reason } }),
    },
  })
  return outcome
}

/** Opens the seeds. What it finds is judged later, by the tokens as they stand then. */
export const prepare = (desk: Desk, guesses: OtpGuess[]): Promise<Prepared[]> =>
  Promise.all(
    guesses.map(async (guess) => ({ ...guess, seed: await seedOf(desk, tokenNamed(desk, guess)) })),
  )

/** Uses up what is right, counts what is wrong. Awaits nothing. */
export function judge(
  desk: Desk,
  prepared: Prepared[],
  {
    countWrong,
    pinned = false,
    ...attempt
  }: Attempt & Pick<OtpUse, 'countWrong'> & { pinned?: boolean },
): OtpOutcome {
  const limited = tooOften(desk, attempt)
  if (limited) return limited
  const open = prepared.flatMap((guess) => {
    const token = tokenNamed(desk, guess)
    const kind = token && mayAnswer(desk, token) && !isLocked(desk, token) && kindOf(token)
    return token && kind && guess.seed ? [{ ...guess, seed: guess.seed, token, kind }] : []
  })
  if (open.length === 0) return { ok: false, reason: 'locked' }
  const now = nowSeconds(desk)
  const judged = open.map(({ token, kind, seed, otp }) => ({
    token,
    match: matchOtp(kind, seed, otpStateOf(desk, token.serial), otp, now),
  }))
  const right = judged.flatMap(({ token, match }) => (match.ok ? [{ token, match }] : []))
  // Used up even where a policy does not let it in.
  for (const { token, match } of right) setOtpState(desk, token.serial, match.state)
  if (right.length > 0) return enter(desk, right, attempt)
  if (countWrong) {
    for (const { token } of judged) {
      countFailure(desk, token)
      if (pinned) countTry(desk, token.serial)
    }
    countAttempt(desk, attempt, 'fail')
  }
  return {
    ok: false,
    reason: 'wrong_otp',
    usedBefore: judged.some(({ match }) => !match.ok && match.usedBefore),
    tokens: judged.map(({ token }) => shown(token)),
  }
}

function enter(desk: Desk, right: { token: TokenCopy }[], attempt: Attempt): OtpOutcome {
  const tokens = right.map(({ token }) => token)
  const stale = tokens.map(({ serial }) => tooLongAgo(desk, serial, attempt.terms))
  const good = tokens.filter((_, index) => stale[index] === null)
  const [first] = stale
  if (good.length === 0 && first) return first
  const serials = good.map(({ serial }) => serial)
  succeeded(desk, keptCopy(desk), serials, attempt)
  return { ok: true, tokens: good.map(shown) }
}

export const shown = ({ serial, type, otp }: TokenCopy): Shown => ({
  serial,
  type,
  otpLength: otp?.length ?? 6,
})

/** @returns whether this text could be a code of this token. */
export const couldBe = (token: TokenCopy, text: string): boolean => {
  const kind = kindOf(token)
  return kind !== null && hasForm(kind, text)
}

export async function resync(
  desk: Desk,
  address: Address,
  { serial, otps }: { serial: string; otps: [string, string] },
): Promise<boolean> {
  await copyOf(desk, address)
  const [prepared] = await prepare(desk, [{ serial, otp: '' }])
  const token = tokenNamed(desk, { serial })
  const kind = token && kindOf(token)
  if (!kind || !prepared?.seed) return false
  const { seed } = prepared
  const state = resynchronised(kind, seed, otpStateOf(desk, serial), otps, nowSeconds(desk))
  if (!state) return false
  setOtpState(desk, serial, state)
  return true
}

const tokenNamed = (desk: Desk, { serial }: { serial: string }): TokenCopy | undefined =>
  keptCopy(desk)?.tokens.find((token) => token.serial === serial)

async function seedOf(desk: Desk, token: TokenCopy | undefined): Promise<Uint8Array | null> {
  if (!token?.otp) return null
  const seed = await unseal(desk.deployment.master, `seed/${token.serial}`, token.otp.seed)
  if (!seed) console.error('a seed does not open with this master key', token.serial)
  return seed
}

const kindOf = ({ type, otp }: TokenCopy): OtpKind | null =>
  otp && type !== 'push' && type !== 'passkey' ? { type: type satisfies OtpType, ...otp } : null
