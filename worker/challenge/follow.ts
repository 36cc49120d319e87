/**
 * How an application follows a transaction: asks once, waits, or listens. The id is opened here; one that is not ours, or is
 * long over, wakes no object.
 */
import { databaseOf } from '../crypto/owner.ts'
import { openId } from '../crypto/sealed-id.ts'
import { definitions } from '../policy/settings.ts'
import { type Context, nowSeconds } from '../env.ts'
import type { Found } from './desk/desk.ts'
import type { Status } from './desk/look.ts'
import { reach } from './reach.ts'
import { type Ended, inSlices } from './slices.ts'
import type { State } from '../../schema/states.ts'

/** Nothing is known of a transaction or its challenge after this, whatever its settings were. */
export const longestLifeSeconds =
  definitions.answerSeconds.max + definitions.redeemSeconds.max + 300

/** @returns whose transaction it is, or null for an id that is not ours or is long over. */
export async function addressOf(context: Context, transactionId: string): Promise<Found | null> {
  const now = nowSeconds(context)
  const opened = await openId(
    { master: context.deployment.master, kind: 'transaction' },
    transactionId,
    now,
  )
  if (!opened || opened.madeAt + longestLifeSeconds < now) return null
  return { ownerId: opened.ownerId }
}

/**
 * For what an application may do with its own alone: in one database no two customers have an application of the same id, in two
 * they may. @returns null also for one of another database than the caller's.
 */
export async function addressHere(context: Context, transactionId: string): Promise<Found | null> {
  const address = await addressOf(context, transactionId)
  return address && databaseOf(address.ownerId) === context.database ? address : null
}

/** @returns null for a transaction that is unknown, forged or long over. */
export async function statusOf(context: Context, transactionId: string): Promise<Status | null> {
  const address = await addressOf(context, transactionId)
  return address && reach(context, address, (object) => object.status(transactionId))
}

export type Followed = { status: Status | null; end: Ended }

/**
 * Waits in slices until the transaction leaves `whileState`, or the time is over. The object keeps nothing of it across an
 * eviction; each slice asks again with a new stub.
 * @param gone resolves when the caller has left: the wait is taken back.
 */
export async function waitForChange(
  context: Context,
  address: Found,
  transactionId: string,
  { whileState, untilMs, gone }: { whileState: State; untilMs: number; gone: Promise<void> },
): Promise<Followed> {
  const { told, end } = await inSlices(
    context,
    address,
    (object, slice) => object.wait(transactionId, { ...slice, whileState }),
    ({ status }) => status?.state !== whileState,
    { untilMs, gone },
  )
  return { status: told.status, end }
}

/**
 * Waits while the transaction is pending, and says how it stands then. An id that is not ours, of another owner, or over, is no
 * reason to wait.
 */
export async function waitForAnswer(
  context: Context,
  { transactionId, expectedOwner }: { transactionId: string; expectedOwner?: string },
  { seconds, gone }: { seconds: number; gone: Promise<void> },
): Promise<Followed> {
  const address = await addressOf(context, transactionId)
  if (!address || (expectedOwner !== undefined && address.ownerId !== expectedOwner))
    return { status: null, end: 'moved' }
  const untilMs = context.nowMs() + seconds * 1000
  const call = { whileState: 'pending' as const, untilMs, gone }
  return waitForChange(context, address, transactionId, call)
}
