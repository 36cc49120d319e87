/** Removes an administrator: what their devices could do ends first, and the last one stays. */
import { changeTokens } from '../challenge/change-tokens.ts'
import { accountOwner } from '../challenge/whose.ts'
import type { Context } from '../env.ts'
import { refuse } from '../problem.ts'
import { type Account, deleteAdministrator } from '../store/accounts.ts'
import { deleteToken } from '../store/tokens/delete.ts'
import { tokensOf } from '../store/tokens/find.ts'

/** @throws Refusal last_administrator */
export async function removeAdministrator(context: Context, account: Account): Promise<void> {
  const { customer } = account
  const ownerId = await accountOwner(context, customer, account.id)
  const gone = await changeTokens(context, { ownerId, customer }, async () => {
    if (!(await deleteAdministrator(context, account))) return false
    for (const { serial } of await tokensOf(context.db, ownerId)) await deleteToken(context, serial)
    return true
  })
  if (!gone) refuse({ reason: 'last_administrator' })
}
