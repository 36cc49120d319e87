/** Callers that wait for a transaction to move. They live in memory only: after an eviction they ask again. */
import { copyOf, isUsable } from './copy.ts'
import type { Address, Desk } from './desk.ts'

/** More than one login page of one transaction never needs. */
export const waitersPerTransaction = 16
/** A slice is short enough that an object moved elsewhere is noticed, and long enough to be rare. */
export const sliceMs = 25_000

/**
 * @param name lets the caller stop this wait when whoever asked has gone.
 * @returns false at once where too many wait already; true when it moved, was stopped, or the slice is over.
 */
export function waitForMove(
  desk: Desk,
  name: string,
  transactionId: string,
  untilMs: number,
): Promise<boolean> {
  const waiting = [...desk.waiters.values()].filter(
    (waiter) => waiter.transactionId === transactionId,
  )
  if (waiting.length >= waitersPerTransaction) return Promise.resolve(false)
  return new Promise((resolve) => {
    const waitMs = Math.max(0, Math.min(untilMs - desk.nowMs(), sliceMs))
    const timer = setTimeout(done, waitMs)
    function done() {
      clearTimeout(timer)
      desk.waiters.delete(name)
      resolve(true)
    }
    desk.waiters.set(name, { transactionId, done })
  })
}

const ofDevice = (serial: string): string => `device/${serial}`

export const ofTrial = (serial: string): string => `trial/${serial}`

export type DeviceWait = {
  serial: string
  /** Until it has allowed notifications, too. */
  subscribed: boolean
  name: string
  untilMs: number
}

/** @returns whether this token is good by now, and whether too many wait for it. Whoever waits is woken by the change of tokens that makes it so. */
export async function waitForDevice(
  desk: Desk,
  address: Address,
  { serial, subscribed, name, untilMs }: DeviceWait,
): Promise<{ isReady: boolean; tooMany: boolean }> {
  const isThere = async () => {
    const token = (await copyOf(desk, address)).tokens.find((one) => one.serial === serial)
    return !!token && isUsable(desk, token) && (!subscribed || token.subscription !== null)
  }
  if (await isThere()) return { isReady: true, tooMany: false }
  const waited = await waitForMove(desk, name, ofDevice(serial), untilMs)
  return { isReady: await isThere(), tooMany: !waited }
}

export function wakeForDevices(desk: Desk, serials: string[]): void {
  for (const serial of serials) wake(desk, ofDevice(serial))
}

export const stopWaiting = (desk: Desk, name: string): void => desk.waiters.get(name)?.done()

/** Tells everybody who waits for this transaction to look again. */
export function wake(desk: Desk, transactionId: string): void {
  for (const waiter of [...desk.waiters.values()])
    if (waiter.transactionId === transactionId) waiter.done()
}
