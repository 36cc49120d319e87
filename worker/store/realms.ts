/** Realms and the resolvers in them. What changes them moves the epoch with it, so that nobody remembers what was. */
import { and, asc, eq, ne, notExists, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { people, realmResolvers, realms, resolvers, tokens } from '../../schema/tables.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import type { Context } from '../env.ts'
import { forgetWith, remembered } from './cache.ts'
import { nameKey } from './name-key.ts'
import { isOneOf } from './search.ts'

/** A resolver without a priority comes after all that have one. */
export const lastPriority = 999
export const byPriority = [
  asc(sql`coalesce(${realmResolvers.priority}, ${sql.raw(String(lastPriority))})`),
  asc(realmResolvers.resolver),
]

export type RealmRow = {
  id: number
  name: string
  isDefault: boolean
  resolvers: { name: string; type: string; priority: number | null }[]
}

/** Every realm of the customer with its resolvers, in the order in which they are asked. */
export async function readRealms(db: D1Database, customer: string): Promise<RealmRow[]> {
  const orm = drizzle(db)
  const [all, members] = await orm.batch([
    orm
      .select({ id: sql<number>`rowid`, name: realms.name, isDefault: realms.isDefault })
      .from(realms)
      .where(eq(realms.customer, customer))
      .orderBy(asc(realms.name)),
    orm
      .select({
        realm: realmResolvers.realm,
        name: realmResolvers.resolver,
        type: resolvers.type,
        priority: realmResolvers.priority,
      })
      .from(realmResolvers)
      .innerJoin(
        resolvers,
        and(
          eq(resolvers.customer, realmResolvers.customer),
          eq(resolvers.name, realmResolvers.resolver),
        ),
      )
      .where(eq(realmResolvers.customer, customer))
      .orderBy(...byPriority),
  ])
  return all.map((realm) => ({
    ...realm,
    resolvers: members
      .filter((member) => member.realm === realm.name)
      .map(({ name, type, priority }) => ({ name, type, priority })),
  }))
}

export type RealmKnown = {
  name: string
  isDefault: boolean
  resolvers: { name: string; type: ResolverType }[]
}
export type ResolverType = (typeof resolvers.$inferSelect)['type']

/** As an isolate remembers them, by one statement: every login asks. */
export async function knownRealms(context: Context, customer: string): Promise<RealmKnown[]> {
  const rows = await remembered(context, `realms/${customer}`, () =>
    drizzle(context.db)
      .select({
        name: realms.name,
        isDefault: realms.isDefault,
        resolver: resolvers.name,
        type: resolvers.type,
      })
      .from(realms)
      .leftJoin(
        realmResolvers,
        and(eq(realmResolvers.customer, realms.customer), eq(realmResolvers.realm, realms.name)),
      )
      .leftJoin(
        resolvers,
        and(
          eq(resolvers.customer, realmResolvers.customer),
          eq(resolvers.name, realmResolvers.resolver),
        ),
      )
      .where(eq(realms.customer, customer))
      .orderBy(asc(realms.name), ...byPriority),
  )
  const found = new Map<string, RealmKnown>()
  for (const { name, isDefault, resolver, type } of rows ?? []) {
    const realm = found.get(name) ?? { name, isDefault, resolvers: [] }
    if (resolver !== null && type !== null) realm.resolvers.push({ name: resolver, type })
    found.set(name, realm)
  }
  return [...found.values()]
}

/** @returns the realm of this name, the default one for '', or null. */
export async function realmNamed(
  context: Context,
  customer: string,
  name: string,
): Promise<string | null> {
  const all = await knownRealms(context, customer)
  const found = all.find((realm) => (name === '' ? realm.isDefault : realm.name === nameKey(name)))
  return found?.name ?? null
}

/** In the order in which they are asked. */
export async function resolversOf(
  context: Context,
  customer: string,
  realm: string,
): Promise<RealmKnown['resolvers']> {
  const all = await knownRealms(context, customer)
  return all.find(({ name }) => name === nameKey(realm))?.resolvers ?? []
}

export type Member = { resolver: string; priority: number | null }

/** The realm has these resolvers from now on and no others; the only realm is the default one. One atomic step. */
export async function putRealm(
  context: Context,
  { customer, name }: { customer: string; name: string },
  members: Member[],
): Promise<void> {
  const orm = drizzle(context.db)
  const another = orm
    .select({ one: sql`1` })
    .from(realms)
    .where(and(eq(realms.customer, customer), ne(realms.name, name)))
  await forgetWith(context, [
    orm.insert(realms).values({ customer, name }).onConflictDoNothing(),
    orm
      .update(realms)
      .set({ isDefault: true })
      .where(and(eq(realms.customer, customer), eq(realms.name, name), notExists(another))),
    orm
      .delete(realmResolvers)
      .where(and(eq(realmResolvers.customer, customer), eq(realmResolvers.realm, name))),
    ...members.map((member) =>
      orm
        .insert(realmResolvers)
        .values({ customer, realm: name, ...member })
        .onConflictDoNothing(),
    ),
  ])
}

/** Where the default realm goes and one is left, that one is the default. */
export async function deleteRealm(context: Context, customer: string, name: string): Promise<void> {
  const orm = drizzle(context.db)
  const onlyOneLeft = sql`(select count(*) from ${realms} where ${realms.customer} = ${customer}) = 1`
  await forgetWith(context, [
    orm
      .delete(realmResolvers)
      .where(and(eq(realmResolvers.customer, customer), eq(realmResolvers.realm, name))),
    orm.delete(realms).where(and(eq(realms.customer, customer), eq(realms.name, name))),
    orm
      .update(realms)
      .set({ isDefault: true })
      .where(and(eq(realms.customer, customer), onlyOneLeft)),
  ])
}

/** @param name null: no realm is the default any more. */
export async function setDefaultRealm(
  context: Context,
  customer: string,
  name: string | null,
): Promise<void> {
  await forgetWith(context, [
    drizzle(context.db)
      .update(realms)
      .set({ isDefault: name === null ? false : sql`${realms.name} = ${name}` })
      .where(eq(realms.customer, customer)),
  ])
}

/** Owners of tokens in this realm whose people these resolvers keep. */
export async function ownersInRealm(
  db: D1Database,
  { customer, realm, resolvers: names }: { customer: string; realm: string; resolvers: string[] },
): Promise<OwnerId[]> {
  if (names.length === 0) return []
  const found = await drizzle(db)
    .selectDistinct({ ownerId: tokens.ownerId })
    .from(people)
    .innerJoin(tokens, eq(tokens.person, people.id))
    .where(
      and(
        eq(people.customer, customer),
        isOneOf(people.resolver, names),
        eq(tokens.customer, customer),
        eq(tokens.realm, realm),
      ),
    )
  return found.map(({ ownerId }) => ownerId as OwnerId)
}

/** A person is another owner in each realm. */
export async function ownersOfPerson(
  db: D1Database,
  customer: string,
  person: string,
): Promise<OwnerId[]> {
  const found = await drizzle(db)
    .selectDistinct({ ownerId: tokens.ownerId })
    .from(tokens)
    .where(and(eq(tokens.person, person), eq(tokens.customer, customer)))
  return found.map(({ ownerId }) => ownerId as OwnerId)
}
