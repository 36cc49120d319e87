/** Connectors in D1: who may dial in, by which key. They are few, and seldom dial: nothing of them is remembered. */
import { and, asc, eq, gt } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { connectors } from '../../schema/tables.ts'
import type { PublicJwk } from '../../schema/jws.ts'

export type ConnectorRow = typeof connectors.$inferSelect

export const insertConnector = (db: D1Database, row: typeof connectors.$inferInsert) =>
  drizzle(db).insert(connectors).values(row)

export const listConnectors = (db: D1Database, customer: string): Promise<ConnectorRow[]> =>
  drizzle(db)
    .select()
    .from(connectors)
    .where(eq(connectors.customer, customer))
    .orderBy(asc(connectors.name), asc(connectors.id))

export async function findConnector(db: D1Database, id: string): Promise<ConnectorRow | null> {
  const [row] = await drizzle(db).select().from(connectors).where(eq(connectors.id, id))
  return row ?? null
}

/** @returns null where the code is not good, or no longer. One statement: a code is good once. */
export async function enrolConnector(
  db: D1Database,
  { id, codeHash }: { id: string; codeHash: string },
  { at, ...enrolled }: { publicKey: PublicJwk; label: string; at: number },
): Promise<ConnectorRow | null> {
  const [row] = await drizzle(db)
    .update(connectors)
    .set({ ...enrolled, enrolledAt: at, codeHash: null })
    .where(
      and(
        eq(connectors.id, id),
        eq(connectors.codeHash, codeHash),
        gt(connectors.codeExpiresAt, at),
      ),
    )
    .returning()
  return row ?? null
}

/** @returns whose it was, or null where there is none. */
export async function deleteConnector(
  db: D1Database,
  customer: string,
  id: string,
): Promise<ConnectorRow | null> {
  const [row] = await drizzle(db)
    .delete(connectors)
    .where(and(eq(connectors.id, id), eq(connectors.customer, customer)))
    .returning()
  return row ?? null
}
