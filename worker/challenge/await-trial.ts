/** How a push that is only a try went: as it stands, or once it is over. */
import type { Address } from './desk/desk.ts'
import { isOver } from './desk/trial.ts'
import type { Trial } from './desk/trial-note.ts'
import { inSlices } from './slices.ts'
import type { Context } from '../env.ts'

/** @returns null where none was sent lately. */
export async function awaitTrial(
  context: Context,
  address: Address,
  serial: string,
  wait: { untilMs: number; gone: Promise<void> },
): Promise<Trial | null> {
  const { told } = await inSlices(
    context,
    address,
    (object, slice) => object.waitForTrial(address, serial, slice),
    ({ trial }) => !trial || isOver(trial),
    wait,
  )
  return told.trial
}
