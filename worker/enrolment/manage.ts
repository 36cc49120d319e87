/** What an administrator changes about tokens that stay with their owner. In force for the owner's object when it resolves. */
import { changeTokens } from '../challenge/change-tokens.ts'
import { reach } from '../challenge/reach.ts'
import type { Address } from '../challenge/desk/desk.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import type { Context } from '../env.ts'
import { forget } from '../store/cache.ts'
import { type TokenChange, type TokenRow, deleteToken, updateToken } from '../store/tokens.ts'

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
    for (const token of tokens) await updateToken(context.env.DB, token.serial, change(token))
  })
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
