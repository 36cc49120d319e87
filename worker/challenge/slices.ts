/** Waits at an owner's object in slices: it keeps nothing of a wait across an eviction, and each slice asks again with a new stub. */
import { toBase64url } from '../../schema/encoding.ts'
import type { Context } from '../env.ts'
import type { Found } from './desk/desk.ts'
import { type Coordinator, coordinatorOf, reach } from './reach.ts'

export type Ended = 'moved' | 'time' | 'left' | 'too_many'

/**
 * @param ask one slice; what it tells says whether too many wait there already.
 * @param isOver whether that is what was waited for.
 * @param wait.gone resolves when the caller has left: the wait is taken back.
 */
export async function inSlices<T extends { tooMany: boolean }>(
  context: Context,
  address: Found,
  ask: (object: Coordinator, slice: { name: string; untilMs: number }) => Promise<T>,
  isOver: (told: T) => boolean,
  { untilMs, gone }: { untilMs: number; gone: Promise<void> },
): Promise<{ told: T; end: Ended }> {
  for (;;) {
    const name = toBase64url(context.random(12))
    const slice = reach(context, address, (object) => ask(object, { name, untilMs }))
    const told = await Promise.race([slice, gone])
    if (!told) {
      await coordinatorOf(context, address.ownerId).stopWaiting(name)
      return { told: await slice, end: 'left' }
    }
    if (told.tooMany) return { told, end: 'too_many' }
    if (isOver(told)) return { told, end: 'moved' }
    if (context.nowMs() >= untilMs) return { told, end: 'time' }
  }
}
