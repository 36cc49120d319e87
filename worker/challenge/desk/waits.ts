/** Waits that grow: after some misses in a row, each further one doubles the time until the next is heard. */
import type { Desk } from './desk.ts'
import { drop, keepUntil, lapsing } from './lapsing.ts'

export type Growth = {
  /** The miss at which waiting begins. */
  from: number
  firstSeconds: number
  longestSeconds: number
  /** After so long without a miss all is forgotten. */
  forgottenSeconds: number
}

/** @returns the second from which this scope is heard again, or null where it is heard now. */
export function quietUntil(desk: Desk, scope: string, now: number): number | null {
  const kept = lapsing(desk, 'quiet', scope)
  return kept && kept.quietUntilAt > now ? kept.quietUntilAt : null
}

export function addMiss(desk: Desk, scope: string, growth: Growth, now: number): void {
  const misses = (lapsing(desk, 'quiet', scope, now)?.misses ?? 0) + 1
  const beyond = misses - growth.from
  const waitSeconds =
    beyond < 0
      ? 0
      : Math.min(growth.firstSeconds * 2 ** Math.min(beyond, 30), growth.longestSeconds)
  const forgottenAt = now + Math.max(growth.forgottenSeconds, waitSeconds)
  keepUntil(desk, 'quiet', scope, { misses, quietUntilAt: now + waitSeconds }, forgottenAt)
}

export const forgive = (desk: Desk, scope: string): void => drop(desk, 'quiet', scope)
