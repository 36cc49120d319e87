/** What policies say of one login at /validate/check: what a first factor is, how often it may be tried, who is let in, what is told. */
import type { Context } from '../env.ts'
import { finds } from '../policy/pattern.ts'
import { type Limit, parseLimit, parseSpan } from '../policy/span.ts'
import { type Failure, refuse } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'
import { type Sayings, sayingsOf } from '../store/policies.ts'
import type { TokenType } from '../store/tokens/row.ts'
import type { Terms } from './desk/terms.ts'
import type { Whose } from './whose.ts'

export type Rules = {
  firstFactor: 'none' | 'tokenpin' | 'userstore'
  /** Beside devices: token types whose PIN alone makes a challenge that asks for the one-time password. */
  challengeTypes: string[]
  /** Each by the name of the policy that lets them in; null where none does. */
  admitted: { noUser: string | null; noToken: string | null; byPassword: string | null }
  /** How often, and after how long: for the owner's object. */
  terms: Terms
  authorized: boolean
  /** null: all. */
  tokenTypes: string[] | null
  /** Patterns, one of which must be found; null: all serials. */
  serials: string[] | null
  /** Callers that nobody knows are told that it failed, and nothing of why. */
  hideErrors: boolean
  told: { onSuccess: boolean; onFail: boolean; person: boolean; resolver: boolean }
  /**
   * The type of token that whoever is let in without one enrols first, as the policy writes it; '' where none speaks. Asked when
   * somebody is let in, so that policies that contradict each other in this refuse nobody else.
   * @throws Refusal policy_conflict
   */
  enrols: () => string
}

/** @throws Refusal policy_conflict */
export async function rulesFor(
  context: Context,
  customer: string,
  about: Whose['about'] & { client?: string },
): Promise<Rules> {
  const sayings = await sayingsOf(context, customer, about)
  const { said, saidBy, words, every } = sayings
  const admits = (action: 'passOnNoUser' | 'passOnNoToken' | 'passthru'): string | null =>
    saidBy('authentication', action)?.policy ?? null
  const limit = (action: 'auth_max_success' | 'auth_max_fail'): Limit | null =>
    parseLimit(String(said('authorization', action) ?? ''))
  const firstFactor = said('authentication', 'otppin')
  const [maxSuccess, maxFail] = [limit('auth_max_success'), limit('auth_max_fail')]
  const lastAuthSeconds = parseSpan(String(said('authorization', 'last_auth') ?? ''))
  const patterns = every('authorization', 'serial').map(String)
  return {
    firstFactor: firstFactor === 'none' || firstFactor === 'userstore' ? firstFactor : 'tokenpin',
    challengeTypes: lower(words('authentication', 'challenge_response') ?? []),
    admitted: {
      noUser: admits('passOnNoUser'),
      noToken: admits('passOnNoToken'),
      byPassword: admits('passthru'),
    },
    terms: {
      ...(maxSuccess && { maxSuccess }),
      ...(maxFail && { maxFail }),
      ...(lastAuthSeconds !== null && { lastAuthSeconds }),
      ...(said('authentication', 'reset_all_user_tokens') === true && { resetAll: true }),
    },
    ...admittedBy(sayings),
    serials: patterns.length > 0 ? patterns : null,
    hideErrors: said('authentication', 'hide_specific_error_message') === true,
    told: {
      onSuccess: said('authorization', 'no_detail_on_success') !== true,
      onFail: said('authorization', 'no_detail_on_fail') !== true,
      person: said('authorization', 'add_user_in_response') === true,
      resolver: said('authorization', 'add_resolver_in_response') === true,
    },
    enrols: () => String(said('authentication', 'enroll_via_multichallenge') ?? '').toLowerCase(),
  }
}

/** What says by which token somebody is let in. */
export const admitting = ['authorized', 'tokentype'] as const

/** @throws Refusal policy_conflict */
export const admittedBy = ({ said, words }: Sayings): Pick<Rules, 'authorized' | 'tokenTypes'> => ({
  authorized: said('authorization', 'authorized') !== 'deny_access',
  tokenTypes: words('authorization', 'tokentype'),
})

const lower = (words: string[]): string[] => words.map((word) => word.toLowerCase())

export type Used = { serial: string; type: TokenType }

/** @returns those of the tokens that may be used, or why none of them may. */
export function allowed<T extends Used>(
  { tokenTypes, serials }: Rules,
  tokens: T[],
): { tokens: T[] } | { refused: Failure } {
  const ofType = tokens.filter(({ type }) => !tokenTypes || tokenTypes.includes(type))
  if (ofType.length === 0 && tokens.length > 0) return { refused: { reason: 'tokentype_refused' } }
  const left = ofType.filter(
    ({ serial }) => !serials || serials.some((pattern) => finds(pattern, serial)),
  )
  return left.length === 0 && tokens.length > 0
    ? { refused: { reason: 'serial_refused' } }
    : { tokens: left }
}

/**
 * After a right authentication, which stays used up: whether it lets in. @throws Refusal tokentype_refused · serial_refused ·
 * not_authorized
 */
export async function insistAuthorized(
  context: Context,
  rules: Rules,
  { address, about }: Whose,
  { tokens, application }: { tokens: Used[]; application: string },
): Promise<void> {
  const may = allowed(rules, tokens)
  const failure: Failure | null =
    'refused' in may ? may.refused : rules.authorized ? null : { reason: 'not_authorized' }
  if (!failure) return
  await writeAudit(context, {
    customer: address.customer,
    action: 'check',
    success: false,
    user: about.user,
    realm: about.realm,
    application,
    serial: tokens.map(({ serial }) => serial).join(',') || undefined,
    detail: { reason: failure.reason },
  })
  refuse(failure)
}
