/**
 * What is counted of each token, here and at once; D1 learns it through the outbox. Kept in memory too, so that a login that
 * changes none of it does not read it again.
 */
import type { OtpState } from '../../factor/otp.ts'
import type { OutboxEvent } from '../../record/outbox.ts'
import type { OwnerRead } from '../../store/owner.ts'
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

const none: Counter = {
  failCount: 0,
  lastAuthAt: null,
  countAuth: 0,
  countAuthSuccess: 0,
  counter: null,
  timeShift: null,
}

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

function keep(desk: Desk, serial: string, changed: Partial<Counter>): void {
  const counter = { ...counterOf(desk, serial), ...changed }
  needStorage(desk)
  write(desk, serial, counter)
  countersOf(desk).set(serial, counter)
}

/** How far this token's one-time passwords are used up: also the last signature counter of a passkey. */
export function otpStateOf(desk: Desk, serial: string): OtpState {
  const { counter, timeShift } = counterOf(desk, serial)
  return { counter: counter ?? 0, timeShift: timeShift ?? 0 }
}

export function setOtpState(desk: Desk, serial: string, { counter, timeShift }: OtpState): void {
  keep(desk, serial, { counter, timeShift })
  record(desk, { kind: 'otp', body: { serial, counter, timeShift } })
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

/**
 * As D1 has them. Ours win over D1's; those of tokens that are gone must not meet them when they come back. Failures may have been
 * counted of a token before it had its first one-time password: what is used up of those D1 says.
 */
export function takeCounters(desk: Desk, found: OwnerRead['tokens']): void {
  const before: ReadonlyMap<string, Counter> = desk.hasStorage ? countersOf(desk) : new Map()
  desk.counters = new Map(
    found.map((token) => [token.serial, taken(token, before.get(token.serial))]),
  )
  if (!desk.hasStorage) return
  for (const serial of before.keys())
    if (!desk.counters.has(serial)) desk.sql.exec('delete from counter where serial = ?', serial)
  for (const [serial, counter] of desk.counters)
    if (counter !== before.get(serial)) write(desk, serial, counter)
}

function taken(token: OwnerRead['tokens'][number], ours: Counter | undefined): Counter {
  const { failCount, lastAuthAt, countAuth, countAuthSuccess, counter, timeShift } = token
  const isUsedUp = token.otp !== null || token.passkey !== null
  const state = isUsedUp ? { counter, timeShift } : { counter: null, timeShift: null }
  if (!ours) return { failCount, lastAuthAt, countAuth, countAuthSuccess, ...state }
  return ours.counter === null && isUsedUp ? { ...ours, ...state } : ours
}

/** All that is in memory, where nothing was kept before. */
export function keepCounters(desk: Desk): void {
  for (const [serial, counter] of countersOf(desk)) write(desk, serial, counter)
}

function write(desk: Desk, serial: string, counter: Counter): void {
  desk.sql.exec(
    `insert or replace into counter (serial, failCount, lastAuthAt, countAuth, countAuthSuccess, counter, timeShift)
     values (?, ?, ?, ?, ?, ?, ?)`,
    serial,
    counter.failCount,
    counter.lastAuthAt,
    counter.countAuth,
    counter.countAuthSuccess,
    counter.counter,
    counter.timeShift,
  )
}
