/**
 * The audit trail as it is read: by pattern on every column, newest or oldest first. It is never changed here, and no statement
 * reads more than a stretch of it, however long it is.
 */
import { type SQL, type SQLWrapper, and, asc, count, desc, eq, gte, not, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { audit } from '../../schema/tables.ts'
import { type Page, isOneOf, matches } from './search.ts'

export type AuditRow = typeof audit.$inferSelect

const inDetail = (name: string): SQL =>
  sql`coalesce(${audit.detail} ->> ${sql.raw(`'$.${name}'`)}, '')`
const orEmpty = (column: SQLWrapper): SQL => sql`coalesce(${column}, '')`

/** What each column of the wire is, for a filter. */
export const auditColumns = {
  number: sql`cast(${audit.number} as text)`,
  date: sql`strftime('%Y-%m-%dT%H:%M:%S+00:00', ${audit.at}, 'unixepoch')`,
  action: audit.action,
  success: sql`cast(${audit.success} as text)`,
  authentication: inDetail('authentication'),
  serial: orEmpty(audit.serial),
  token_type: inDetail('type'),
  user: orEmpty(audit.user),
  realm: orEmpty(audit.realm),
  resolver: inDetail('resolver'),
  administrator: inDetail('by'),
  application: orEmpty(audit.application),
  client: orEmpty(audit.client),
  info: orEmpty(audit.detail),
} as const
export type AuditColumn = keyof typeof auditColumns
export const auditColumnNames = Object.keys(auditColumns) as AuditColumn[]

export type AuditSearch = {
  customer: string
  /** A leading `!` turns a pattern round. */
  filters: Partial<Record<AuditColumn, string>>
  /** Epoch seconds. */
  since: number
  oldestFirst: boolean
  /** Only what is about this person. */
  of?: { user: string; realm: string }
  /** Only what happened in one of these. */
  realms?: string[]
}

/** A list looks at so many entries from where it begins. */
export const mostLookedAt = 100_000
/** A download looks at so many with each statement. */
const stretchRows = 5000

/** What the key of the trail answers; it has no other index, because each would be a row more that every login writes. */
const indexedOf = ({ customer, since }: AuditSearch): SQL | undefined =>
  and(eq(audit.customer, customer), since > 0 ? gte(audit.at, since) : undefined)

function filtersOf({ filters, of, realms }: AuditSearch): SQL | undefined {
  const given = Object.entries(filters).map(([name, pattern]) => {
    const column = auditColumns[name as AuditColumn]
    return pattern.startsWith('!')
      ? not(matches(column, pattern.slice(1), name))
      : matches(column, pattern, name)
  })
  return and(
    of && and(eq(audit.user, of.user), eq(audit.realm, of.realm)),
    realms && isOneOf(audit.realm, realms),
    ...given,
  )
}

const orderOf = ({ oldestFirst }: AuditSearch) =>
  oldestFirst ? [asc(audit.at), asc(audit.number)] : [desc(audit.at), desc(audit.number)]

/** @returns `complete`: false where there is more than was looked at. @throws Refusal bad_parameter */
export async function readAudit(
  db: D1Database,
  search: AuditSearch,
  { limit, offset }: Page,
): Promise<{ rows: AuditRow[]; count: number; complete: boolean }> {
  const orm = drizzle(db)
  const { oldestFirst } = search
  const filters = filtersOf(search)
  const [end] = await placeIn(orm, search, indexedOf(search), mostLookedAt)
  const before = compared(oldestFirst ? '<' : '>', end ?? lastPlace(search))
  const where = and(indexedOf(search), before, filters)
  const [rows, [all]] = await orm.batch([
    orm
      .select()
      .from(audit)
      .where(where)
      .orderBy(...orderOf(search))
      .limit(limit)
      .offset(offset),
    orm.select({ count: count() }).from(audit).where(where),
  ])
  return { rows, count: all?.count ?? 0, complete: !end }
}

export type Place = Pick<AuditRow, 'at' | 'number'>

/**
 * @returns what of the next stretch behind `after` is looked for, and where the stretch ends; null where the trail does. A long
 * download reads each row once, whatever is written meanwhile.
 */
export async function readAuditBehind(
  db: D1Database,
  search: AuditSearch,
  after: Place | null,
): Promise<{ rows: AuditRow[]; end: Place | null }> {
  const orm = drizzle(db)
  const { oldestFirst } = search
  const filters = filtersOf(search)
  const beyond = and(
    indexedOf(search),
    after ? compared(oldestFirst ? '>' : '<', after) : undefined,
  )
  const [end = null] = await placeIn(orm, search, beyond, stretchRows - 1)
  const rows = await orm
    .select()
    .from(audit)
    .where(and(beyond, compared(oldestFirst ? '<=' : '>=', end ?? lastPlace(search)), filters))
    .orderBy(...orderOf(search))
  return { rows, end }
}

/** Behind everything. */
const lastPlace = ({ oldestFirst }: AuditSearch): Place => {
  const at = oldestFirst ? Number.MAX_SAFE_INTEGER : -1
  return { at, number: at }
}

/** Where the row behind so many others is. */
const placeIn = (
  orm: ReturnType<typeof drizzle>,
  search: AuditSearch,
  where: SQL | undefined,
  others: number,
) =>
  orm
    .select({ at: audit.at, number: audit.number })
    .from(audit)
    .where(where)
    .orderBy(...orderOf(search))
    .limit(1)
    .offset(others)

const compared = (how: '<' | '>' | '<=' | '>=', { at, number }: Place): SQL =>
  sql`(${audit.at}, ${audit.number}) ${sql.raw(how)} (${at}, ${number})`
