/** Waits for a device that was invited, in slices as one waits for an answer (challenge/follow.ts). */
import { toBase64url } from '../../schema/encoding.ts'
import type { Address } from '../challenge/desk/desk.ts'
import { coordinatorOf, reach } from '../challenge/reach.ts'
import type { Context } from '../env.ts'

/**
 * @param gone resolves when the caller has left: the wait is taken back.
 * @returns whether it is ready; false also where the time is over, the caller has left, or too many wait for it already.
 */
export async function awaitDevice(
  context: Context,
  address: Address,
  serial: string,
  { untilMs, gone }: { untilMs: number; gone: Promise<void> },
): Promise<boolean> {
  for (;;) {
    const name = toBase64url(context.random(12))
    const slice = reach(context, address, (object) =>
      object.waitForDevice(address, serial, { name, untilMs }),
    )
    const first = await Promise.race([slice, gone])
    if (!first) {
      await coordinatorOf(context, address.ownerId).stopWaiting(name)
      return false
    }
    if (first.isReady || first.tooMany || context.nowMs() >= untilMs) return first.isReady
  }
}
