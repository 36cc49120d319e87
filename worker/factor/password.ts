/** Checks an account's password. Takes as long for a name that does not exist. */
import type { Context } from '../env.ts'
import { refuse } from '../problem.ts'
import { type Account, findAccount } from '../store/accounts.ts'
import { hashPassword, matchesHash } from './hash.ts'
import { inTurn } from './turn.ts'

export async function checkPassword(
  context: Context,
  { customer, username, password }: { customer: string; username: string; password: string },
): Promise<Account> {
  const { pepper } = context.deployment
  const account = await findAccount(context, customer, username)
  return inTurn(context, async () => {
    const matches = account
      ? await matchesHash(password, account.passwordHash, pepper)
      : (await hashPassword(password, pepper)) === ''
    if (!account || !matches) refuse({ reason: 'wrong_password' })
    return account
  })
}
