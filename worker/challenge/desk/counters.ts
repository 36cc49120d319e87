/**
 * What is counted of each token, here and at once; D1 learns it through the outbox. Kept in memory too, so that a login that
 * changes none of it does not read it again.
 */
import type { OutboxEvent } from '../../record/outbox.ts'
import {
  type Counter,
  type Desk,
  type TokenCopy,
  type Uses,
  needStorage,
  nowSeconds,
  rows,
} from './desk.ts'
import { record } from './outbox.ts'

type Row = Counter & { serial: string }

const none: Counter = { failCount: 0, lastAuthAt: null, countAuth: 0, countAuthSuccess: 0 }

function countersOf(desk: Desk): Map<string, Counter> {
  desk.counters ??= new Map(
    rows<Row>(desk, 'select * from counter').map(({ serial, ...counter }) => [serial, counter]),
  )
  return desk.counters
}

const counterOf = (desk: Desk, serial: string): Counter => countersOf(desk).get(serial) ?? none

export const failCountOf = (desk: Desk, serial: string): number => counterOf(desk, serial).failCount

export function usesOf(desk: Desk, serial: string): Uses {
  const { lastAuthAt, countAuth, countAuthSuccess } = counterOf(desk, serial)
  return { lastAuthAt, countAuth, countAuthSuccess }
}

export const isLocked = (desk: Desk, token: TokenCopy): boolean =>
  failCountOf(desk, token.serial) >= token.maxFailCount || isSpent(desk, token)

/** Used as often as it may be. */
export function isSpent(desk: Desk, { serial, countAuthMax, countAuthSuccessMax }: TokenCopy) {
  const { countAuth, countAuthSuccess } = counterOf(desk, serial)
  return (
    (!!countAuthMax && countAuth >= countAuthMax) ||
    (!!countAuthSuccessMax && countAuthSuccess >= countAuthSuccessMax)
  )
}

function keep(desk: Desk, serial: string, changed: Partial<Counter>): Counter {
  const counter = { ...counterOf(desk, serial), ...changed }
  needStorage(desk)
  desk.sql.exec(
    'insert or replace into counter (serial, failCount, lastAuthAt, countAuth, countAuthSuccess) values (?, ?, ?, ?, ?)',
    serial,
    counter.failCount,
    counter.lastAuthAt,
    counter.countAuth,
    counter.countAuthSuccess,
  )
  countersOf(desk).set(serial, counter)
  return counter
}

export const countFailure = (desk: Desk, { serial }: TokenCopy): void =>
  setFailCount(desk, serial, failCountOf(desk, serial) + 1)

export function setFailCount(desk: Desk, serial: string, failCount: number): void {
  keep(desk, serial, { failCount })
  record(desk, { kind: 'fail_count', body: { serial, failCount } })
}

/** A right one-time password or an approval. @returns what is yet to be recorded. */
export function countUse(desk: Desk, serial: string): OutboxEvent {
  const { countAuth, countAuthSuccess } = counterOf(desk, serial)
  keep(desk, serial, {
    lastAuthAt: nowSeconds(desk),
    countAuth: countAuth + 1,
    countAuthSuccess: countAuthSuccess + 1,
  })
  return { kind: 'uses', body: { serial, ...usesOf(desk, serial) } }
}

/** A wrong one-time password behind a right PIN. */
export function countTry(desk: Desk, serial: string): void {
  keep(desk, serial, { countAuth: counterOf(desk, serial).countAuth + 1 })
  record(desk, { kind: 'uses', body: { serial, ...usesOf(desk, serial) } })
}

/** As D1 has them. Ours win over D1's; those of tokens that are gone must not meet them when they come back. */
export function takeCounters(desk: Desk, found: Row[]): void {
  const kept = new Set(found.map(({ serial }) => serial))
  for (const serial of countersOf(desk).keys())
    if (!kept.has(serial)) desk.sql.exec('delete from counter where serial = ?', serial)
  for (const { serial, failCount, lastAuthAt, countAuth, countAuthSuccess } of found)
    if (!countersOf(desk).has(serial))
      desk.sql.exec(
        'insert into counter (serial, failCount, lastAuthAt, countAuth, countAuthSuccess) values (?, ?, ?, ?, ?)',
        serial,
        failCount,
        lastAuthAt,
        countAuth,
        countAuthSuccess,
      )
  desk.counters = null
}
