/** Marks of token changes that an owner's object may not have read yet. */
import { eq, lte, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { tokenChanges } from '../../schema/tables.ts'
import { isOneOf } from './search.ts'

export type Mark = typeof tokenChanges.$inferSelect

/** So many in one minute is more than a healthy deployment interrupts in a year. */
const atOnce = 100

export async function markChange(db: D1Database, mark: Mark): Promise<void> {
  await drizzle(db).insert(tokenChanges).values(mark)
}

/** Many in one statement, as JSON: D1 takes a hundred bound values. */
export async function markChanges(db: D1Database, marks: Mark[]): Promise<void> {
  if (marks.length === 0) return
  await drizzle(db).run(sql`insert into ${tokenChanges} (mark, owner_id, customer, at)
    select value ->> 'mark', value ->> 'ownerId', value ->> 'customer', value ->> 'at'
    from json_each(${JSON.stringify(marks)})`)
}

export const marksBefore = (db: D1Database, at: number): Promise<Mark[]> =>
  drizzle(db).select().from(tokenChanges).where(lte(tokenChanges.at, at)).limit(atOnce)

export async function unmarkAll(db: D1Database, marks: string[]): Promise<void> {
  if (marks.length === 0) return
  await drizzle(db).delete(tokenChanges).where(isOneOf(tokenChanges.mark, marks))
}

export async function unmark(db: D1Database, mark: string): Promise<void> {
  await drizzle(db).delete(tokenChanges).where(eq(tokenChanges.mark, mark))
}
