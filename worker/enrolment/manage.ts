/** What an administrator changes about tokens that stay with their owner. In force for the owner's object when it resolves. */
import { changeTokens } from '../challenge/change-tokens.ts'
import { reach } from '../challenge/reach.ts'
import type { Address } from '../challenge/desk/desk.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import type { Context } from '../env.ts'
import { forget } from '../store/cache.ts'
import type { Limit } from '../store/limits.ts'
import { updateToken, updateWithin } from '../store/tokens/change.ts'
import { deleteToken } from '../store/tokens/delete.ts'
import type { TokenChange, TokenRow } from '../store/tokens/row.ts'
import { refuseLimit } from './limits.ts'

export const addressOf = ({ ownerId, customer }: TokenRow): Address => ({
  ownerId: ownerId as OwnerId,
  customer,
})

/** @param tokens all of one owner. */
export async function changeAll(
  context: Context,
  tokens: TokenRow[],
  change: (token: TokenRow) => TokenChange,
): Promise<void> {
  const [first] = tokens
  if (!first) return
  await changeTokens(context, addressOf(first), async () => {
    for (const token of tokens) await updateToken(context.db, token.serial, change(token))
  })
}

/** @throws Refusal too_many_tokens */
export async function changeWithin(
  context: Context,
  token: TokenRow,
  change: TokenChange,
  limits: Limit[],
): Promise<void> {
  const done = await changeTokens(context, addressOf(token), () =>
    updateWithin(context.db, token.serial, change, limits),
  )
  if (!done) await refuseLimit(context, limits)
}

/** @param tokens all of one owner. */
export async function deleteAll(context: Context, tokens: TokenRow[]): Promise<void> {
  const [first] = tokens
  if (!first) return
  await changeTokens(context, addressOf(first), async () => {
    for (const { serial } of tokens) await deleteToken(context, serial)
    await forget(context)
  })
}

/** @param tokens all of one owner. */
export async function resetFailCounts(context: Context, tokens: TokenRow[]): Promise<void> {
  const [first] = tokens
  if (!first) return
  const serials = tokens.map(({ serial }) => serial)
  const address = addressOf(first)
  await reach(context, address, (object) => object.resetFailCounts(address, serials))
}
