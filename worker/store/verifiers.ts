/** What confirms a device's answers: a finger, a face or a PIN. */
import { drizzle } from 'drizzle-orm/d1'
import { verifiers } from '../../schema/tables.ts'

/** @returns false where the token has one already. */
export async function insertVerifier(
  db: D1Database,
  verifier: typeof verifiers.$inferInsert,
): Promise<boolean> {
  const made = await drizzle(db)
    .insert(verifiers)
    .values(verifier)
    .onConflictDoNothing()
    .returning({ serial: verifiers.serial })
  return made.length === 1
}
