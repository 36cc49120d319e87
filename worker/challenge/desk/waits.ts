/** Waits that grow: after some misses in a row, each further one doubles the time until the next is heard. */
import { type Desk, needStorage, rows } from './desk.ts'
import { wakeAt } from './due.ts'

export type Growth = {
  /** The miss at which waiting begins. */
  from: number
  firstSeconds: number
  longestSeconds: number
  /** After so long without a miss all is forgotten. */
  forgottenSeconds: number
}

type Row = { misses: number; quietUntilAt: number; forgottenAt: number }

const rowOf = (desk: Desk, scope: string): Row | undefined =>
  rows<Row>(desk, 'select misses, quietUntilAt, forgottenAt from quiet where scope = ?', scope)[0]

/** @returns the second from which this scope is heard again, or null where it is heard now. */
export function quietUntil(desk: Desk, scope: string, now: number): number | null {
  const row = rowOf(desk, scope)
  return row && row.quietUntilAt > now ? row.quietUntilAt : null
}

export function addMiss(desk: Desk, scope: string, growth: Growth, now: number): void {
  needStorage(desk)
  const row = rowOf(desk, scope)
  const misses = row && row.forgottenAt > now ? row.misses + 1 : 1
  const beyond = misses - growth.from
  const waitSeconds =
    beyond < 0
      ? 0
      : Math.min(growth.firstSeconds * 2 ** Math.min(beyond, 30), growth.longestSeconds)
  const forgottenAt = now + Math.max(growth.forgottenSeconds, waitSeconds)
  desk.sql.exec(
    'insert or replace into quiet (scope, misses, quietUntilAt, forgottenAt) values (?, ?, ?, ?)',
    scope,
    misses,
    now + waitSeconds,
    forgottenAt,
  )
  wakeAt(desk, forgottenAt * 1000)
}

export const forgive = (desk: Desk, scope: string): void =>
  void rows(desk, 'delete from quiet where scope = ?', scope)
