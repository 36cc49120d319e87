/** What an administrator notes about people, beside what their resolver knows. */
import { and, asc, eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { personAttributes } from '../../schema/tables.ts'
import { isOneOf } from './search.ts'

export type Attribute = typeof personAttributes.$inferSelect

export const readAttributes = (db: D1Database, persons: string[]): Promise<Attribute[]> =>
  drizzle(db)
    .select()
    .from(personAttributes)
    .where(isOneOf(personAttributes.person, persons))
    .orderBy(asc(personAttributes.key))

/** @returns the number of its row. */
export async function putAttribute(db: D1Database, attribute: Attribute): Promise<number> {
  const [put] = await drizzle(db)
    .insert(personAttributes)
    .values(attribute)
    .onConflictDoUpdate({
      target: [personAttributes.person, personAttributes.key],
      set: { value: attribute.value, type: attribute.type },
    })
    .returning({ id: sql<number>`rowid` })
  return put?.id ?? 0
}

/** @returns how many went: one or none. */
export async function deleteAttribute(
  db: D1Database,
  person: string,
  key: string,
): Promise<number> {
  const gone = await drizzle(db)
    .delete(personAttributes)
    .where(and(eq(personAttributes.person, person), eq(personAttributes.key, key)))
    .returning({ key: personAttributes.key })
  return gone.length
}
