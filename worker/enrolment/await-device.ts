/** Waits for a device that was invited: until it is ready, or until it has allowed notifications too. */
import type { Address } from '../challenge/desk/desk.ts'
import { inSlices } from '../challenge/slices.ts'
import type { Context } from '../env.ts'

export type DeviceWait = { serial: string; subscribed: boolean }

/** @returns whether it is so; false also where the time is over, the caller has left, or too many wait for it already. */
export async function awaitDevice(
  context: Context,
  address: Address,
  wanted: DeviceWait,
  wait: { untilMs: number; gone: Promise<void> },
): Promise<boolean> {
  const { told, end } = await inSlices(
    context,
    address,
    (object, slice) => object.waitForDevice(address, { ...wanted, ...slice }),
    ({ isReady }) => isReady,
    wait,
  )
  return end !== 'left' && told.isReady
}
