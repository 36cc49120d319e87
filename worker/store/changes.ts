/** Marks of token changes that an owner's object may not have read yet. */
import { eq, lte } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { tokenChanges } from '../../schema/tables.ts'

export type Mark = typeof tokenChanges.$inferSelect

/** So many in one minute is more than a healthy deployment interrupts in a year. */
const atOnce = 100

export async function markChange(db: D1Database, mark: Mark): Promise<void> {
  await drizzle(db).insert(tokenChanges).values(mark)
}

export const marksBefore = (db: D1Database, at: number): Promise<Mark[]> =>
  drizzle(db).select().from(tokenChanges).where(lte(tokenChanges.at, at)).limit(atOnce)

export async function unmark(db: D1Database, mark: string): Promise<void> {
  await drizzle(db).delete(tokenChanges).where(eq(tokenChanges.mark, mark))
}
