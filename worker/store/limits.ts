/** Limits on how many tokens there are, as conditions of the statement that would pass them. */
import { type SQL, and, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { tokens } from '../../schema/tables.ts'

export type Limit =
  | { of: 'realm'; customer: string; realm: string; most: number }
  | { of: 'user'; ownerId: string; most: number; type?: string; active?: true }

/** A name of its own, so that it can stand in a statement about the same table. */
const others = sql.raw('others')
const column = (name: string): SQL => sql.raw(`others.${name}`)

/** As far as it matters: nothing is counted beyond the limit. What a device shows is part of the device. */
function countOf(limit: Limit, except: string): SQL {
  const count = (which: SQL | undefined): SQL =>
    sql`(select count(*) from (select 1 from ${tokens} ${others}
      where ${which} and ${column('serial')} <> ${except}
      and ${column('device')} is null limit ${limit.most}))`
  if (limit.of === 'user')
    return count(
      and(
        sql`${column('owner_id')} = ${limit.ownerId}`,
        limit.type === undefined ? undefined : sql`${column('type')} = ${limit.type}`,
        limit.active && sql`${column('active')} = 1`,
      ),
    )
  const ours = sql`${column('customer')} = ${limit.customer}`
  // Any list of names sorts before an empty one, as its index knows.
  const beside = sql`${column('realms')} < '[]' and ${column('realm')} is not ${limit.realm} and exists
    (select 1 from json_each(${column('realms')}) where json_each.value = ${limit.realm})`
  return sql`(${count(sql`${ours} and ${column('realm')} = ${limit.realm}`)}
    + ${count(sql`${ours} and ${beside}`)})`
}

/** @param except a token that is counted already, or is to be. @returns true where one more may be. */
export const within = (limits: Limit[], except: string): SQL =>
  limits.length === 0
    ? sql`true`
    : sql.join(
        limits.map((limit) => sql`${countOf(limit, except)} < ${limit.most}`),
        sql` and `,
      )

/** @returns the first limit that one more token would pass, or null. */
export async function exceeded(
  db: D1Database,
  limits: Limit[],
  except = '',
): Promise<Limit | null> {
  for (const limit of limits) {
    const [row] = await drizzle(db).all<{ count: number }>(
      sql`select ${countOf(limit, except)} as count`,
    )
    if ((row?.count ?? 0) >= limit.most) return limit
  }
  return null
}
