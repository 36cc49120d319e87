/** What so many approvals a day cost on the platform and what they need there. Pure: measured counts, published prices, assumptions. */
import { type Kind, kinds } from '../../../worker/policy/kept.ts'
import { batchRows } from '../../../worker/store/old-records.ts'
import type { Measured, Spent } from './measure.ts'
import { assumed, limits, prices } from './prices.ts'

/** How an application learns of the answer. */
export const ways = ['events', 'wait', 'polls'] as const
export type Way = (typeof ways)[number]
export type Days = Record<Kind, number>

/** Dollars of one login, by item. */
export type Bill = Record<
  | 'Worker requests'
  | 'Worker CPU'
  | 'object calls'
  | 'object time'
  | 'object rows'
  | 'D1 rows'
  | 'D1 storage'
  | 'R2',
  number
>

const gb = 1e9
const objectGb = 0.128
const monthDays = 30

/** Of the login itself, with what follows from how the application learns of it. */
export function billOf(measured: Measured, way: Way, days: Days): Bill {
  const { login } = measured
  const [times, each, awakeSeconds] = following(measured, way)
  const sum = (name: keyof Spent) => login[name] + times * each[name]
  const calls = sum('objectCalls') + assumed.alarms
  // The object waits for D1 and for the push service, and for as long as somebody waits in it.
  const seconds =
    (sum('objectMs') + login.d1Trips * assumed.d1AwayMs + login.pushes * assumed.pushMs) / 1000 +
    awakeSeconds
  const rows = rowsOf(measured)
  const fading = rows.audit + rows.deliveries + rows.receipts
  const parts = kinds.reduce((all, kind) => all + rows[kind] / batchRows[kind], 0)
  return {
    'Worker requests': sum('requests') * prices.request,
    'Worker CPU': sum('cpuMs') * prices.cpuMs,
    'object calls': calls * prices.objectRequest,
    'object time': seconds * objectGb * prices.objectGbSecond,
    'object rows':
      (sum('objectWritten') + sum('alarmsSet')) * prices.objectRowWritten +
      sum('objectRead') * prices.objectRowRead,
    // What leaves is read and then written once more: a delete is a row written.
    'D1 rows':
      (login.d1Written + fading) * prices.d1RowWritten +
      (login.d1Read + 2 * fading + assumed.cold * ownerRows) * prices.d1RowRead,
    'D1 storage': (keptBytes(measured, days) / gb) * (prices.d1GbMonth / monthDays),
    R2:
      parts * prices.r2Write +
      ((bytesOf(measured) * assumed.gzip * assumed.archiveDays) / gb) *
        (prices.r2GbMonth / monthDays),
  }
}

/** Rows that a cold object reads of D1: token, subscription, person. */
const ownerRows = 6

/** How often, at which price each, and how many seconds the object is kept awake by it. */
function following(measured: Measured, way: Way): [times: number, each: Spent, awake: number] {
  if (way === 'polls')
    return [Math.ceil(assumed.answerSeconds / assumed.pollEverySeconds), measured.poll, 0]
  if (way === 'wait') return [1, measured.wait, assumed.answerSeconds]
  return [1, measured.events, assumed.answerSeconds]
}

/** What somebody costs who is asked and never answers, while the application waits as long as it may. */
export const unansweredWait = (): number =>
  assumed.longestWaitSeconds * objectGb * prices.objectGbSecond

const rowsOf = ({ login }: Measured): Record<Kind, number> => ({
  audit: 3,
  deliveries: login.pushes,
  receipts: 1,
})
const bytesOf = ({ bytes }: Measured): number => bytes.audit + bytes.deliveries + bytes.receipts

/** Bytes in D1 for each approval a day, once as many days have passed. */
const keptBytes = ({ bytes }: Measured, days: Days): number =>
  kinds.reduce((all, kind) => all + bytes[kind] * (days[kind] + 1), 0)

export type Needs = {
  /** Databases for the size, and for the rate at the busiest second. */
  bySize: number
  byRate: number
  databases: number
  storedBytes: number
  /** Statements of D1 in a run of the minute's work, were it to see to all databases. */
  minuteStatements: number
}

export function needsOf(measured: Measured, perDay: number, days: Days): Needs {
  const storedBytes = perDay * keptBytes(measured, days)
  const bySize = Math.ceil(storedBytes / limits.databaseBytes)
  const byRate = Math.ceil(perDay / perDatabaseByRate(measured))
  const databases = Math.max(1, bySize, byRate)
  const rows = rowsOf(measured)
  const batches = kinds.reduce(
    (all, kind) => all + Math.ceil((perDay * rows[kind]) / 1440 / databases / batchRows[kind]),
    0,
  )
  return {
    bySize,
    byRate,
    databases,
    storedBytes,
    minuteStatements: databases * (10 + 2 * batches),
  }
}

/** A database does one thing after the other: each drain of an outbox is a commit, each cold object a read. */
export const msOfDatabase = ({ login }: Measured): number =>
  login.d1Trips * assumed.d1CommitMs + assumed.cold * assumed.d1ReadMs
/** Approvals a day of one database, so that its busiest second is not late. */
export const perDatabaseByRate = (measured: Measured): number =>
  ((1000 / msOfDatabase(measured)) * 86_400) / assumed.peakFactor
export const perDatabaseBySize = (measured: Measured, days: Days): number =>
  limits.databaseBytes / keptBytes(measured, days)

export const total = (bill: Bill): number =>
  Object.values(bill).reduce((sum, each) => sum + each, 0)
