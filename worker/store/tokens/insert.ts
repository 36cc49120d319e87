/** Writes a new token, within its limits. */
import { getTableColumns, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { tokens } from '../../../schema/tables.ts'
import { type Limit, within } from '../limits.ts'
import type { NewToken } from './row.ts'

/** @returns false where the serial is taken, or a limit would be passed. */
export async function insertToken(
  db: D1Database,
  token: NewToken,
  limits: Limit[] = [],
): Promise<boolean> {
  const given = Object.entries(getTableColumns(tokens)).flatMap(([name, column]) => {
    const value = token[name as keyof NewToken]
    return value === undefined ? [] : [{ column, value }]
  })
  const names = given.map(({ column }) => sql.identifier(column.name))
  const values = given.map(({ column, value }) =>
    value === null ? sql`null` : sql`${sql.param(value, column)}`,
  )
  const made = await drizzle(db).all(sql`insert into ${tokens} (${sql.join(names, sql`, `)})
    select ${sql.join(values, sql`, `)} where ${within(limits, token.serial)}
    on conflict do nothing returning serial`)
  return made.length === 1
}
