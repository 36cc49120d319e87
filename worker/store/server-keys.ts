/** The pool of RSA keys that stock phones are given, and each customer's spare. */
import { and, count, eq, isNull, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { customers, serverKeys } from '../../schema/tables.ts'

export type ServerKeyRow = typeof serverKeys.$inferInsert

// A plus before the customer: nearly every key has none, and the index of who took them is the shorter way to those that are free.

/** @returns the id of a key that nobody else has, or the customer's spare where the pool is empty; null where there is none at all. */
export async function takeServerKey(
  db: D1Database,
  customer: string,
  serial: string,
): Promise<string | null> {
  const orm = drizzle(db)
  const next = sql`(select id from server_keys where taken_by is null and +customer is null limit 1)`
  const [taken] = await orm
    .update(serverKeys)
    .set({ takenBy: serial })
    .where(eq(serverKeys.id, next))
    .returning({ id: serverKeys.id })
  if (taken) return taken.id
  const [spare] = await orm
    .select({ id: serverKeys.id })
    .from(serverKeys)
    .where(eq(serverKeys.customer, customer))
  return spare?.id ?? null
}

export async function freeServerKeys(db: D1Database): Promise<number> {
  const [row] = await drizzle(db)
    .select({ free: count() })
    .from(serverKeys)
    .where(and(isNull(serverKeys.takenBy), sql`+${serverKeys.customer} is null`))
  return row?.free ?? 0
}

/** Of those who live there: the first database knows of the others, too. */
export async function customersWithoutSpare(db: D1Database, database: number): Promise<string[]> {
  const rows = await drizzle(db)
    .select({ id: customers.id })
    .from(customers)
    .leftJoin(serverKeys, eq(serverKeys.customer, customers.id))
    .where(and(isNull(serverKeys.id), eq(customers.database, database)))
  return rows.map(({ id }) => id)
}

/** A second spare of one customer is none. */
export async function insertServerKey(db: D1Database, key: ServerKeyRow): Promise<void> {
  await drizzle(db).insert(serverKeys).values(key).onConflictDoNothing()
}
