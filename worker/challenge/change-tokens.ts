/**
 * A change of an owner's tokens: D1 first, then the object, and only then is the caller told. A mark written before stays
 * until the object knows; what an interrupted change left behind, the minute's cleaning finds by it and brings to its end.
 */
import { toBase64url } from '../../schema/encoding.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { logFailure } from '../record/log.ts'
import { markChange, marksBefore, unmark } from '../store/changes.ts'
import type { Address } from './desk/desk.ts'
import { reach } from './reach.ts'

/** A change under way is done within this, or its request has died. */
const underWaySeconds = 30

/** Acknowledged means in force: what `commit` changed in D1, the object has read when this resolves. */
export async function changeTokens<T>(
  context: Context,
  address: Address,
  commit: () => Promise<T>,
): Promise<T> {
  const mark = toBase64url(context.random(12))
  await markChange(context.env.DB, { mark, ...address, at: nowSeconds(context) })
  const done = await commit()
  await reach(context, address, (object) => object.tokensChanged(address))
  await unmark(context.env.DB, mark)
  return done
}

/** Ends changes that were interrupted between D1 and the object, each for itself. Reading once too often harms nothing. */
export async function endInterruptedChanges(context: Context): Promise<void> {
  const left = await marksBefore(context.env.DB, nowSeconds(context) - underWaySeconds)
  for (const { mark, ownerId, customer } of left) {
    const address = { ownerId: ownerId as OwnerId, customer }
    try {
      await reach(context, address, (object) => object.tokensChanged(address))
      await unmark(context.env.DB, mark)
    } catch (error) {
      logFailure('a change is still not ended', error)
    }
  }
}
