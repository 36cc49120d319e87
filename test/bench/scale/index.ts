/**
 * `npm run bench -- scale`: what 1 thousand to 100 million approvals a day cost on the platform, by item, and which limit is met first.
 * Counts are measured here and now, on 1, 2, 4 and 8 databases; prices are published; what neither gives is in prices.ts as `assumed`.
 */
import { kept } from '../../../worker/policy/kept.ts'
import { type Line, chart } from './chart.ts'
import { type Figure, type Findings, type Row, part } from '../report.ts'
import { type Measured, measure } from './measure.ts'
import {
  type Days,
  billOf,
  needsOf,
  perDatabaseByRate,
  perDatabaseBySize,
  total,
  unansweredWait,
  ways,
} from './model.ts'
import { assumed, limits } from './prices.ts'

const loads = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8]
const databaseCounts = [1, 2, 4, 8]
const loginsEach = 128

const usual: Days = {
  audit: kept.audit.default,
  deliveries: kept.deliveries.default,
  receipts: kept.receipts.default,
}
/** With the bucket behind it, the database needs only what is looked at often. */
const archived: Days = { audit: 7, deliveries: 3, receipts: 1 }

export async function scale(): Promise<Findings> {
  const runs: Measured[] = []
  for (const databases of databaseCounts) {
    console.log(`${loginsEach} logins on ${databases} database${databases > 1 ? 's' : ''} …`)
    runs.push(await part(`scale-${databases}`, () => measure(databases, loginsEach)))
  }
  const [one] = runs as [Measured, ...Measured[]]
  const rows: Row[] = [
    ...runs.map(runRow),
    ...loads.map((perDay) => costRow(one, perDay)),
    ...loads.map((perDay) => needRow(one, perDay)),
    ...limitRows(one),
  ]
  return { figures: [flat(runs), even(runs), reaches(one)], rows, svg: chart(linesOf(one)) }
}

const runRow = ({ databases, logins, login, d1Written, bytes }: Measured): Row => ({
  what: 'measured, a login',
  databases,
  logins,
  'CPU ms': login.cpuMs,
  'object calls': login.objectCalls,
  'object rows written': login.objectWritten,
  'D1 trips': login.d1Trips,
  'D1 statements': login.d1Statements,
  'D1 rows written': login.d1Written,
  'D1 bytes': bytes.audit + bytes.deliveries + bytes.receipts,
  spread: d1Written.join(' '),
})

const costRow = (one: Measured, perDay: number): Row => ({
  what: '$ a day',
  approvals: perDay.toExponential(0),
  ...Object.fromEntries(
    ways.map((way) => [`by ${way}`, perDay * total(billOf(one, way, archived))]),
  ),
  ...Object.fromEntries(
    Object.entries(billOf(one, 'events', archived)).map(([item, each]) => [item, perDay * each]),
  ),
  '60 s unanswered': perDay * unansweredWait(),
})

function needRow(one: Measured, perDay: number): Row {
  const [long, short] = [needsOf(one, perDay, usual), needsOf(one, perDay, archived)]
  return {
    what: 'databases',
    approvals: perDay.toExponential(0),
    'by default days': long.databases,
    'with the archive': short.databases,
    'of them by size': short.bySize,
    'of them by rate': short.byRate,
    'D1 GB': short.storedBytes / 1e9,
    'statements a minute': short.minuteStatements,
    'approvals a second at peak': (perDay / 86_400) * assumed.peakFactor,
  }
}

/** Where each thing ends, and what lifts it. */
function limitRows(one: Measured): Row[] {
  const perGb = needsOf(one, 1, archived).storedBytes
  const row = (limit: string, perDay: number, lifted: string): Row => ({
    what: 'limit',
    limit,
    'approvals a day': perDay,
    lifted,
  })
  const byRate = perDatabaseByRate(one)
  const bySize = perDatabaseBySize(one, archived)
  return [
    row('size of one database, default days', perDatabaseBySize(one, usual), 'fewer days, ARCHIVE'),
    row('size of one database, with the archive', bySize, 'further databases'),
    row('commits of one database', byRate, 'further databases; fewer drains of the outbox'),
    row('one customer, who lives in one database', Math.min(bySize, byRate), 'two customers'),
    row('D1 storage of an account (1 TB)', limits.accountBytes / perGb, 'raised on request'),
    row(
      'databases of one Worker (5,000)',
      limits.bindings * Math.min(bySize, byRate),
      'a second deployment',
    ),
    row(
      'one owner’s object (1,000 calls a second)',
      (limits.objectRequestsPerSecond * 86_400) / one.login.objectCalls,
      'an owner is a person',
    ),
  ]
}

/** What a login costs does not grow with the databases. Counts are exact; CPU on a busy machine is not. */
function flat(runs: Measured[]): Figure {
  const worst = Math.max(
    ...(['d1Written', 'objectWritten', 'objectCalls', 'pushes'] as const).map(
      (name) =>
        Math.max(...runs.map(({ login }) => login[name])) /
        Math.min(...runs.map(({ login }) => login[name])),
    ),
  )
  return {
    name: 'what a login costs with 8 databases, to 1 (rows, calls, pushes)',
    mustReach: '≤ 1.1',
    measured: worst.toFixed(2),
    reached: worst <= 1.1,
  }
}

function even(runs: Measured[]): Figure {
  const { d1Written } = runs.at(-1)!
  const worst = Math.max(...d1Written) / Math.min(...d1Written)
  return {
    name: 'rows written to the fullest of 8 databases, to the emptiest',
    mustReach: '≤ 1.1',
    measured: worst.toFixed(2),
    reached: d1Written.length === 8 && worst <= 1.1,
  }
}

function reaches(one: Measured): Figure {
  const { databases, storedBytes } = needsOf(one, 1e8, archived)
  return {
    name: 'a hundred million approvals a day within the limits of a Worker and an account',
    mustReach: `${limits.bindings} databases, ${limits.accountBytes / 1e12} TB`,
    measured: `${databases} databases, ${(storedBytes / 1e12).toFixed(2)} TB`,
    reached: databases <= limits.bindings && storedBytes <= limits.accountBytes,
  }
}

function linesOf(one: Measured): Line[] {
  const line = (name: string, color: string, of: (perDay: number) => number): Line => ({
    name,
    color,
    points: loads.map((perDay) => [perDay, of(perDay)]),
  })
  return [
    line('$ a day, events', '#2563eb', (perDay) => perDay * total(billOf(one, 'events', archived))),
    line('$ a day, polls', '#9333ea', (perDay) => perDay * total(billOf(one, 'polls', archived))),
    line('databases, default', '#dc2626', (perDay) => needsOf(one, perDay, usual).databases),
    line('databases, archive', '#16a34a', (perDay) => needsOf(one, perDay, archived).databases),
  ]
}
