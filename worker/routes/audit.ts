/** /audit: the trail as a list and as a file for a spreadsheet. Reading it leaves a trace in it. */
import { nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import {
  type AuditRow,
  type AuditSearch,
  auditColumnNames,
  mostLookedAt,
  readAudit,
  readAuditBehind,
} from '../store/audit.ts'
import { type Caller, callerWith } from './decode/caller.ts'
import { type Parameters, parametersOf, wholeNumber } from './decode/parameters.ts'
import { csvLine } from './encode/csv.ts'
import { answer } from './encode/envelope.ts'
import { paging } from './encode/paging.ts'
import { recorded } from './recorded.ts'
import { type Call, surface } from './surface.ts'

export const audit = surface()

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, y: 31_536_000 }

audit.get('/', async (call) => {
  const caller = await callerWith(call, 'audit')
  const parameters = await parametersOf(call)
  const page = wholeNumber(parameters, 'page', { min: 1, max: 1_000_000, otherwise: 1 })
  const limit = wholeNumber(parameters, 'page_size', { min: 1, max: 1000, otherwise: 15 })
  const search = searchOf(call, caller, parameters)
  const entry = { action: 'audit_read', detail: { filters: search.filters } }
  const { rows, count, complete } = await recorded(call, caller, entry, () =>
    readAudit(call.get('context').db, search, { limit, offset: (page - 1) * limit }),
  )
  return answer(call, {
    value: {
      auditcolumns: auditColumnNames,
      auditdata: rows.map(described),
      ...paging(count, page, limit),
      // It is looked no further than that: what `count` counts is not all there is.
      ...(!complete && { looked_at: mostLookedAt }),
    },
  })
})

/** Streamed: the trail may be larger than an isolate. */
audit.get('/:file{[A-Za-z0-9_.-]{1,64}\\.csv}', async (call) => {
  const caller = await callerWith(call, 'audit')
  const search = searchOf(call, caller, await parametersOf(call))
  const entry = { action: 'audit_download', detail: { filters: search.filters } }
  // The first rows are read before the answer begins, so that a bad filter is still told as one.
  const first = await recorded(call, caller, entry, () =>
    readAuditBehind(call.get('context').db, search, null),
  )
  return call.body(linesOf(call.get('context').db, search, first), 200, {
    'Cache-Control': 'no-cache',
    'Content-Disposition': `attachment; filename="${call.req.param('file')}"`,
    'Content-Type': 'text/csv; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
  })
})

function searchOf(call: Call, caller: Caller, parameters: Parameters): AuditSearch {
  const order = parameters.get('sortorder') || 'desc'
  if (order !== 'asc' && order !== 'desc')
    refuse({ reason: 'bad_parameter', field: 'sortorder', mend: 'must be asc or desc' })
  const filters = Object.fromEntries(
    auditColumnNames
      .filter((name) => parameters.get(name) !== '')
      // For whoever is signed in for themselves these name them, and are no patterns.
      .filter((name) => !caller.self || !['user', 'realm', 'resolver'].includes(name))
      .map((name) => [name, parameters.get(name)]),
  )
  return {
    customer: caller.customer,
    filters,
    since: sinceOf(parameters.get('timelimit'), nowSeconds(call.get('context'))),
    oldestFirst: order === 'asc',
    ...(caller.self && { of: { user: caller.self.username, realm: caller.self.realm } }),
    ...(caller.realms && { realms: caller.realms }),
  }
}

/** @param timelimit so far back: `1h`, `7d`. */
function sinceOf(timelimit: string, now: number): number {
  if (timelimit === '') return 0
  const [, number, unit = ''] = /^(\d{1,6})([smhdy])$/.exec(timelimit) ?? []
  const seconds = unitSeconds[unit]
  if (number === undefined || seconds === undefined)
    refuse({
      reason: 'bad_parameter',
      field: 'timelimit',
      mend: 'must be a number with s, m, h, d or y behind it',
    })
  return Math.max(0, now - Number(number) * seconds)
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)

const described = (row: AuditRow) => {
  const { by, resolver, type, authentication, ...info } = row.detail ?? {}
  return {
    number: row.number,
    date: new Date(row.at * 1000).toISOString().replace(/\.\d+Z$/, '+00:00'),
    action: row.action,
    success: row.success ? 1 : 0,
    authentication: textOf(authentication),
    serial: row.serial ?? '',
    token_type: textOf(type),
    user: row.user ?? '',
    realm: row.realm ?? '',
    resolver: textOf(resolver),
    administrator: textOf(by),
    application: row.application ?? '',
    client: row.client ?? '',
    info: Object.keys(info).length === 0 ? '' : JSON.stringify(info),
  }
}

type Stretch = Awaited<ReturnType<typeof readAuditBehind>>

function linesOf(db: D1Database, search: AuditSearch, first: Stretch): ReadableStream {
  const encoder = new TextEncoder()
  let stretch: Stretch | null = null
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      let lines = stretch ? '' : csvLine(auditColumnNames)
      // A stretch may hold nothing of what is looked for.
      do {
        if (stretch && !stretch.end) return controller.close()
        stretch = stretch ? await readAuditBehind(db, search, stretch.end) : first
        lines += stretch.rows.map(lineOf).join('')
      } while (lines === '')
      controller.enqueue(encoder.encode(lines))
    },
  })
}

function lineOf(row: AuditRow): string {
  const cells = described(row)
  return csvLine(auditColumnNames.map((name) => String(cells[name])))
}
