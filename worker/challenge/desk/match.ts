import type { Match } from '../presence.ts'
import type { TokenCopy } from './desk.ts'
import type { Transaction } from './transaction.ts'

/** How a token's holder shows that they are where the login is. */
export const matchOf = (
  token: TokenCopy,
  { match, phone }: Pick<Transaction, 'match' | 'phone'>,
): Match => {
  if (token.type !== 'push') return 'none'
  return token.phone ? (phone?.match ?? 'none') : match
}
