/** The audit trail as it is read: by pattern on every column, newest or oldest first. It is never changed here. */
import {
  type SQL,
  type SQLWrapper,
  and,
  asc,
  count,
  desc,
  eq,
  gte,
  not,
  or,
  sql,
} from 'drizzle-orm'
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

function conditionOf({ customer, filters, since, of, realms }: AuditSearch): SQL | undefined {
  const given = Object.entries(filters).map(([name, pattern]) => {
    const column = auditColumns[name as AuditColumn]
    return pattern.startsWith('!')
      ? not(matches(column, pattern.slice(1), name))
      : matches(column, pattern, name)
  })
  return and(
    eq(audit.customer, customer),
    since > 0 ? gte(audit.at, since) : undefined,
    of && and(eq(audit.user, of.user), eq(audit.realm, of.realm)),
    realms && isOneOf(audit.realm, realms),
    ...given,
  )
}

const orderOf = ({ oldestFirst }: AuditSearch) =>
  oldestFirst ? [asc(audit.at), asc(audit.number)] : [desc(audit.at), desc(audit.number)]

/** @throws Refusal bad_parameter */
export async function readAudit(
  db: D1Database,
  search: AuditSearch,
  { limit, offset }: Page,
): Promise<{ rows: AuditRow[]; count: number }> {
  const orm = drizzle(db)
  const where = conditionOf(search)
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
  return { rows, count: all?.count ?? 0 }
}

/** @returns the next `limit` rows behind `after`: a long download reads each row once, whatever is written meanwhile. */
export async function readAuditBehind(
  db: D1Database,
  search: AuditSearch,
  { after, limit }: { after: AuditRow | undefined; limit: number },
): Promise<AuditRow[]> {
  const beyond = (column: SQLWrapper, value: number): SQL =>
    search.oldestFirst ? sql`${column} > ${value}` : sql`${column} < ${value}`
  return drizzle(db)
    .select()
    .from(audit)
    .where(
      and(
        conditionOf(search),
        after &&
          or(
            beyond(audit.at, after.at),
            and(eq(audit.at, after.at), beyond(audit.number, after.number)),
          ),
      ),
    )
    .orderBy(...orderOf(search))
    .limit(limit)
}
