/** Logins that are under way: requests sent ahead, people who are being asked, browsers that know somebody, and what is good once. */
import { and, eq, gt, inArray, lte } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import {
  browserSessions,
  grantTokens,
  grants,
  people,
  pushedRequests,
  signInCodes,
  signIns,
  usedOnce,
} from '../../schema/tables.ts'

export type SignInRow = typeof signIns.$inferSelect
export type BrowserSession = typeof browserSessions.$inferSelect

export async function insertPushed(
  db: D1Database,
  row: typeof pushedRequests.$inferInsert,
): Promise<void> {
  await drizzle(db).insert(pushedRequests).values(row)
}

/** The first browser has it, and nobody after. */
export async function takePushed(
  db: D1Database,
  hash: string,
  now: number,
): Promise<typeof pushedRequests.$inferSelect | null> {
  const [row] = await drizzle(db)
    .delete(pushedRequests)
    .where(and(eq(pushedRequests.hash, hash), gt(pushedRequests.expiresAt, now)))
    .returning()
  return row ?? null
}

export async function insertSignIn(db: D1Database, row: SignInRow): Promise<void> {
  await drizzle(db).insert(signIns).values(row)
}

export async function findSignIn(
  db: D1Database,
  id: string,
  now: number,
): Promise<SignInRow | null> {
  const [row] = await drizzle(db)
    .select()
    .from(signIns)
    .where(and(eq(signIns.id, id), gt(signIns.expiresAt, now)))
  return row ?? null
}

/** @returns whether this was the one that changed it: one that is done stays as it is. */
export async function changeSignIn(
  db: D1Database,
  id: string,
  change: Partial<Pick<SignInRow, 'question' | 'isDone' | 'pollAgainAt' | 'interval'>>,
): Promise<boolean> {
  const changed = await drizzle(db)
    .update(signIns)
    .set(change)
    .where(and(eq(signIns.id, id), eq(signIns.isDone, false)))
    .returning({ id: signIns.id })
  return changed.length > 0
}

export async function insertSession(db: D1Database, row: BrowserSession): Promise<void> {
  await drizzle(db).insert(browserSessions).values(row)
}

export async function findSession(
  db: D1Database,
  hash: string,
  now: number,
): Promise<BrowserSession | null> {
  const [row] = await drizzle(db)
    .select()
    .from(browserSessions)
    .where(and(eq(browserSessions.hash, hash), gt(browserSessions.expiresAt, now)))
  return row ?? null
}

export async function deleteSession(db: D1Database, id: string): Promise<void> {
  await drizzle(db).delete(browserSessions).where(eq(browserSessions.id, id))
}

/**
 * Everything by which a person is signed in somewhere: browsers, what applications were granted, and their own sessions, which are
 * opened under `mark` from here on. @returns how many of each there were, where they are kept at all.
 */
export async function endSignIns(
  db: D1Database,
  person: string,
  mark: string,
): Promise<{ grants: number; browsers: number }> {
  const orm = drizzle(db)
  const granted = orm.select({ id: grants.id }).from(grants).where(eq(grants.person, person))
  const [, ended, browsers] = await orm.batch([
    orm.delete(grantTokens).where(inArray(grantTokens.grant, granted)),
    orm.delete(grants).where(eq(grants.person, person)).returning({ id: grants.id }),
    orm
      .delete(browserSessions)
      .where(eq(browserSessions.person, person))
      .returning({ id: browserSessions.id }),
    orm.update(people).set({ sessionMark: mark }).where(eq(people.id, person)),
  ])
  return { grants: ended.length, browsers: browsers.length }
}

/** @returns false where it was used before. */
export async function useOnce(db: D1Database, hash: string, expiresAt: number): Promise<boolean> {
  const taken = await drizzle(db)
    .insert(usedOnce)
    .values({ hash, expiresAt })
    .onConflictDoNothing()
    .returning({ hash: usedOnce.hash })
  return taken.length > 0
}

/** A new one takes the place of the one before. */
export async function putSignInCode(
  db: D1Database,
  row: typeof signInCodes.$inferInsert,
): Promise<void> {
  const { hash, expiresAt } = row
  await drizzle(db)
    .insert(signInCodes)
    .values(row)
    .onConflictDoUpdate({ target: signInCodes.ownerId, set: { hash, expiresAt } })
}

/** @returns whether it was this one: of two at once the first has it. */
export async function takeSignInCode(
  db: D1Database,
  { ownerId, hash }: { ownerId: string; hash: string },
  now: number,
): Promise<boolean> {
  const taken = await drizzle(db)
    .delete(signInCodes)
    .where(
      and(
        eq(signInCodes.ownerId, ownerId),
        eq(signInCodes.hash, hash),
        gt(signInCodes.expiresAt, now),
      ),
    )
    .returning({ ownerId: signInCodes.ownerId })
  return taken.length > 0
}

/** Part of the minute's work. */
export async function purgeSignIns(db: D1Database, now: number): Promise<void> {
  const orm = drizzle(db)
  await orm.batch([
    orm.delete(pushedRequests).where(lte(pushedRequests.expiresAt, now)),
    orm.delete(signIns).where(lte(signIns.expiresAt, now)),
    orm.delete(browserSessions).where(lte(browserSessions.expiresAt, now)),
    orm.delete(signInCodes).where(lte(signInCodes.expiresAt, now)),
    orm.delete(usedOnce).where(lte(usedOnce.expiresAt, now)),
    orm.delete(grantTokens).where(lte(grantTokens.expiresAt, now)),
    orm.delete(grants).where(lte(grants.expiresAt, now)),
  ])
}
