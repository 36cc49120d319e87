/** Callers that wait for a transaction to move. They live in memory only: after an eviction they ask again. */
import type { Desk } from './desk.ts'

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

export const stopWaiting = (desk: Desk, name: string): void => desk.waiters.get(name)?.done()

/** Tells everybody who waits for this transaction to look again. */
export function wake(desk: Desk, transactionId: string): void {
  for (const waiter of [...desk.waiters.values()])
    if (waiter.transactionId === transactionId) waiter.done()
}
