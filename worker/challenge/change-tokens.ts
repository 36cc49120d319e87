/**
 * A change of an owner's tokens: D1 first, then the object, and only then is the caller told. A mark written before stays
 * until the object knows; what an interrupted change left behind, the minute's cleaning finds by it and brings to its end.
 */
import { toBase64url } from '../../schema/encoding.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { markChange, markChanges, marksBefore, unmark, unmarkAll } from '../store/changes.ts'
import { logFailure } from '../record/log.ts'
import type { Found } from './desk/desk.ts'
import { reach } from './reach.ts'

/** A change under way is done within this, or its request has died. */
const underWaySeconds = 30

/** Acknowledged means in force: what `commit` changed in D1, the object has read when this resolves. */
export async function changeTokens<T>(
  context: Context,
  address: Found,
  commit: () => Promise<T>,
): Promise<T> {
  const mark = toBase64url(context.random(12))
  await markChange(context.db, { mark, customer: '', ...address, at: nowSeconds(context) })
  const done = await commit()
  const doneAtMs = context.nowMs()
  await reach(context, address, (object) => object.tokensChanged(address, doneAtMs))
  await unmark(context.db, mark)
  return done
}

/** So many objects are told at the same time. */
const atOnce = 20

/**
 * The same for a change that many owners feel: a realm, a resolver. `owners` is asked before the change, so that an interrupted one
 * can be brought to its end, and after it, so that nobody who came in between is forgotten.
 */
export async function changeManyTokens<T>(
  context: Context,
  customer: string,
  owners: () => Promise<OwnerId[]>,
  commit: () => Promise<T>,
): Promise<T> {
  const at = nowSeconds(context)
  const marked = (await owners()).map((ownerId) => ({
    mark: toBase64url(context.random(12)),
    ownerId,
    customer,
    at,
  }))
  await markChanges(context.db, marked)
  const done = await commit()
  const doneAtMs = context.nowMs()
  const ownerIds = [...new Set([...marked.map(({ ownerId }) => ownerId), ...(await owners())])]
  for (let from = 0; from < ownerIds.length; from += atOnce)
    await Promise.all(
      ownerIds.slice(from, from + atOnce).map((ownerId) => {
        const address = { ownerId, customer }
        return reach(context, address, (object) => object.tokensChanged(address, doneAtMs))
      }),
    )
  await unmarkAll(
    context.db,
    marked.map(({ mark }) => mark),
  )
  return done
}

/** Ends changes that were interrupted between D1 and the object, each for itself. Reading once too often harms nothing. */
export async function endInterruptedChanges(context: Context): Promise<void> {
  const left = await marksBefore(context.db, nowSeconds(context) - underWaySeconds)
  for (const { mark, ownerId, customer, at } of left) {
    // Where who changed it did not know the customer, the object does.
    const address = { ownerId: ownerId as OwnerId, ...(customer !== '' && { customer }) }
    try {
      const doneAtMs = (at + underWaySeconds) * 1000
      await reach(context, address, (object) => object.tokensChanged(address, doneAtMs))
      await unmark(context.db, mark)
    } catch (error) {
      logFailure('a change is still not ended', error)
    }
  }
}
