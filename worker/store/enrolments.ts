/** Finds an enrolment by the first characters of its typed code. */
import { and, eq, gt, lte } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { enrolments, tokens } from '../../schema/tables.ts'

export type Located = typeof enrolments.$inferSelect

/** @returns false where an open enrolment has this locator: choose another. */
export async function insertEnrolment(
  db: D1Database,
  enrolment: Located,
  now: number,
): Promise<boolean> {
  const orm = drizzle(db)
  const [, made] = await orm.batch([
    orm
      .delete(enrolments)
      .where(and(eq(enrolments.locator, enrolment.locator), lte(enrolments.expiresAt, now))),
    orm
      .insert(enrolments)
      .values(enrolment)
      .onConflictDoNothing()
      .returning({ locator: enrolments.locator }),
  ])
  return made.length === 1
}

export async function locateEnrolment(
  db: D1Database,
  locator: string,
  now: number,
): Promise<Located | null> {
  const [row] = await drizzle(db)
    .select()
    .from(enrolments)
    .where(and(eq(enrolments.locator, locator), gt(enrolments.expiresAt, now)))
  return row ?? null
}

/** Tokens that nobody finished enrolling go with their enrolments, an hour after it lapsed. */
export async function purgeEnrolments(db: D1Database, now: number): Promise<void> {
  const orm = drizzle(db)
  const lapsed = now - 3600
  await orm.batch([
    orm.delete(enrolments).where(lte(enrolments.expiresAt, lapsed)),
    orm
      .delete(tokens)
      .where(and(eq(tokens.rolloutState, 'clientwait'), lte(tokens.enrolmentExpiresAt, lapsed))),
  ])
}
