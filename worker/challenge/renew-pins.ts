/** A PIN that another system had hashed, once somebody typed it right, is kept as ours are from there on. */
import type { Context } from '../env.ts'
import { isLegacy } from '../factor/legacy.ts'
import { hashPin } from '../factor/pin.ts'
import { renewPin } from '../store/tokens/change.ts'
import { changeTokens } from './change-tokens.ts'
import type { Address } from './desk/desk.ts'

export type RightPin = { serial: string; pinHash: string | null; typed: string }

export async function renewPins(
  context: Context,
  address: Address,
  right: RightPin[],
): Promise<void> {
  for (const { serial, pinHash: was, typed } of right)
    if (was !== null && isLegacy(was)) {
      const pinHash = await hashPin(context, typed, address.ownerId)
      await changeTokens(context, address, () => renewPin(context.db, { serial, was, pinHash }))
    }
}
