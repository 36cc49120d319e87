/** Marks of token changes that an owner's object may not have read yet. */
import { eq, lte } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { tokenChanges } from '../../schema/tables.ts'
import { chunked } from './bulk.ts'
import { isOneOf } from './search.ts'

export type Mark = typeof tokenChanges.$inferSelect

/** So many in one minute is more than a healthy deployment interrupts in a year. */
const atOnce = 100

export async function markChange(db: D1Database, mark: Mark): Promise<void> {
  await drizzle(db).insert(tokenChanges).values(mark)
}

/** All of them or none. */
export async function markChanges(db: D1Database, marks: Mark[]): Promise<void> {
  if (marks.length === 0) return
  const insert = db.prepare(`insert into token_changes (mark, owner_id, customer, at)
    select value ->> 'mark', value ->> 'ownerId', value ->> 'customer', value ->> 'at'
    from json_each(?)`)
  await db.batch(chunked(marks).map((chunk) => insert.bind(JSON.stringify(chunk))))
}

export const marksBefore = (db: D1Database, at: number): Promise<Mark[]> =>
  drizzle(db).select().from(tokenChanges).where(lte(tokenChanges.at, at)).limit(atOnce)

export async function unmarkAll(db: D1Database, marks: string[]): Promise<void> {
  for (const chunk of chunked(marks))
    await drizzle(db).delete(tokenChanges).where(isOneOf(tokenChanges.mark, chunk))
}

export async function unmark(db: D1Database, mark: string): Promise<void> {
  await drizzle(db).delete(tokenChanges).where(eq(tokenChanges.mark, mark))
}
