/** Grants, and the codes and tokens that stand for them, by their hashes. Whatever is good once is used up by one statement. */
import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { grantTokens, grants } from '../../schema/tables.ts'

export type Grant = typeof grants.$inferSelect
export type GrantToken = typeof grantTokens.$inferSelect
export type TokenKind = GrantToken['kind']

/** The grant and its first code or tokens: all or none. */
export async function insertGrant(
  db: D1Database,
  grant: Grant,
  tokens: GrantToken[],
): Promise<void> {
  const orm = drizzle(db)
  await orm.batch([
    orm.insert(grants).values(grant),
    ...tokens.map((token) => orm.insert(grantTokens).values(token)),
  ])
}

/** None is made for a grant that was revoked meanwhile. @returns whether they were. */
export async function insertTokens(db: D1Database, tokens: GrantToken[]): Promise<boolean> {
  const { results } = await drizzle(db).run(sql`insert into ${grantTokens}
      (hash, grant, kind, bound, used_at, expires_at)
      select value ->> 'hash', value ->> 'grant', value ->> 'kind', '{}', null, value ->> 'expiresAt'
      from json_each(${JSON.stringify(tokens)})
      where exists (select 1 from ${grants} where id = value ->> 'grant') returning hash`)
  return results.length === tokens.length
}

/** Asked in one statement, so that of two who show it at once one is first. @returns null where it is unknown, over or used. */
export async function useToken(
  db: D1Database,
  hash: string,
  kind: TokenKind,
  now: number,
): Promise<GrantToken | null> {
  const [row] = await drizzle(db)
    .update(grantTokens)
    .set({ usedAt: now })
    .where(
      and(
        eq(grantTokens.hash, hash),
        eq(grantTokens.kind, kind),
        isNull(grantTokens.usedAt),
        gt(grantTokens.expiresAt, now),
      ),
    )
    .returning()
  return row ?? null
}

export async function findToken(
  db: D1Database,
  hash: string,
): Promise<{ token: GrantToken; grant: Grant } | null> {
  const [row] = await drizzle(db)
    .select({ token: grantTokens, grant: grants })
    .from(grantTokens)
    .innerJoin(grants, eq(grants.id, grantTokens.grant))
    .where(eq(grantTokens.hash, hash))
  return row ?? null
}

export async function findGrant(db: D1Database, id: string): Promise<Grant | null> {
  const [row] = await drizzle(db).select().from(grants).where(eq(grants.id, id))
  return row ?? null
}

/** With every token of it. */
export async function deleteGrant(db: D1Database, id: string): Promise<void> {
  const orm = drizzle(db)
  await orm.batch([
    orm.delete(grantTokens).where(eq(grantTokens.grant, id)),
    orm.delete(grants).where(eq(grants.id, id)),
  ])
}

/** Of a browser's session, those that are to last beyond it left out. */
export async function endGrantsOf(db: D1Database, session: string): Promise<void> {
  const orm = drizzle(db)
  const ended = sql`(select id from grants where session = ${session} and ' ' || scope || ' ' not like '% offline_access %')`
  await orm.batch([
    orm.delete(grantTokens).where(sql`${grantTokens.grant} in ${ended}`),
    orm.delete(grants).where(sql`${grants.id} in ${ended}`),
  ])
}
