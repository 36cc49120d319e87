/** Resolvers: where people are kept. Whoever changes something here calls `forget` (cache.ts) in the same breath. */
import { and, asc, eq, inArray, notExists, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { people, personAttributes, realmResolvers, resolvers } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { remembered } from './cache.ts'

export type ResolverRow = typeof resolvers.$inferSelect & { id: number }

export async function readResolvers(db: D1Database, customer: string): Promise<ResolverRow[]> {
  const found = await drizzle(db)
    .select({ id: sql<number>`rowid`, resolver: resolvers })
    .from(resolvers)
    .where(eq(resolvers.customer, customer))
    .orderBy(asc(resolvers.name))
  return found.map(({ id, resolver }) => ({ id, ...resolver }))
}

/** As an isolate remembers it. */
export const rememberedResolver = (
  context: Context,
  customer: string,
  name: string,
): Promise<typeof resolvers.$inferSelect | null> =>
  remembered(context, `resolver/${customer}/${name}`, async () => {
    const [row] = await drizzle(context.db)
      .select()
      .from(resolvers)
      .where(and(eq(resolvers.customer, customer), eq(resolvers.name, name)))
    return row ?? null
  })

/** @returns its number, whether it was there or is new. */
export async function putResolver(
  db: D1Database,
  resolver: typeof resolvers.$inferInsert,
): Promise<number> {
  const [made] = await drizzle(db)
    .insert(resolvers)
    .values(resolver)
    .onConflictDoUpdate({
      target: [resolvers.customer, resolvers.name],
      set: { config: resolver.config },
    })
    .returning({ id: sql<number>`rowid` })
  return made?.id ?? 0
}

/** Its people go with it. @returns false where it is still in a realm, or gone. One atomic step. */
export async function deleteResolver(
  db: D1Database,
  customer: string,
  name: string,
): Promise<boolean> {
  const orm = drizzle(db)
  const inRealm = orm
    .select({ one: sql`1` })
    .from(realmResolvers)
    .where(and(eq(realmResolvers.customer, customer), eq(realmResolvers.resolver, name)))
  const itsPeople = and(eq(people.customer, customer), eq(people.resolver, name))
  const [, , deleted] = await orm.batch([
    orm
      .delete(personAttributes)
      .where(
        and(
          inArray(
            personAttributes.person,
            orm.select({ id: people.id }).from(people).where(itsPeople),
          ),
          notExists(inRealm),
        ),
      ),
    orm.delete(people).where(and(itsPeople, notExists(inRealm))),
    orm
      .delete(resolvers)
      .where(and(eq(resolvers.customer, customer), eq(resolvers.name, name), notExists(inRealm)))
      .returning({ name: resolvers.name }),
  ])
  return deleted.length === 1
}
