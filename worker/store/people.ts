/** People in D1: who a name in a realm is, and the rows of those that local resolvers keep. Names are looked up in any letter case. */
import { type SQL, and, asc, count, eq, isNull, ne, notExists, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import { drizzle } from 'drizzle-orm/d1'
import { people, personAttributes, realmResolvers, resolvers } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { built } from './built.ts'
import { forget, forgetWith, remembered } from './cache.ts'
import { nameKey } from './name-key.ts'
import { byPriority } from './realms.ts'
import { type Page, isOneOf, matches } from './search.ts'

export type Person = typeof people.$inferSelect
export type PersonName = { customer: string; realm: string; username: string }

/** Who a name in a realm is. username: as their resolver writes it. */
export type Known = { id: string; resolver: string; username: string }

/** @param only resolvers of the realm that are looked into; all where it is left out. */
export async function readPersonIn(
  context: Context,
  { customer, realm, username }: PersonName,
  only?: string[],
): Promise<Known | null> {
  const named = { customer, realm: nameKey(realm), username: nameKey(username) }
  const [row] = only
    ? await lookUpOnly(context.db).execute({ ...named, only: JSON.stringify(only) })
    : await lookUp(context.db).execute(named)
  return row ?? null
}

/** Beside a resolver of the realm. */
export const isNamed = and(
  eq(people.customer, realmResolvers.customer),
  eq(people.resolver, realmResolvers.resolver),
  eq(people.usernameKey, sql.placeholder('username')),
  // Who is kept in a directory is asked for there.
  isNull(people.uid),
)
export const isAskedRealm = and(
  eq(realmResolvers.customer, sql.placeholder('customer')),
  eq(realmResolvers.realm, sql.placeholder('realm')),
)

const lookingUp = (db: D1Database, only?: SQL) =>
  drizzle(db)
    .select({ id: people.id, resolver: people.resolver, username: people.username })
    .from(realmResolvers)
    .innerJoin(people, isNamed)
    .where(and(isAskedRealm, only))
    .orderBy(...byPriority)
    .limit(1)
    .prepare()

/** The query of every login that no isolate remembers: an index for each step, which a test holds. */
export const lookUp = built((db) => lookingUp(db))
const lookUpOnly = built((db) =>
  lookingUp(
    db,
    sql`${realmResolvers.resolver} in (select value from json_each(${sql.placeholder('only')}))`,
  ),
)

export async function findPerson(context: Context, id: string): Promise<Person | null> {
  const [row] = await drizzle(context.db).select().from(people).where(eq(people.id, id))
  return row ?? null
}

/** As an isolate remembers them: a change of theirs makes it forget. */
export const rememberedPerson = (context: Context, id: string): Promise<Person | null> =>
  remembered(context, `person-row/${id}`, () => findPerson(context, id))

export async function findPersonIn(
  context: Context,
  { customer, resolver, username }: { customer: string; resolver: string; username: string },
): Promise<Person | null> {
  const [row] = await drizzle(context.db)
    .select()
    .from(people)
    .where(
      and(
        eq(people.customer, customer),
        eq(people.resolver, resolver),
        eq(people.usernameKey, nameKey(username)),
      ),
    )
  return row ?? null
}

/**
 * Where another resolver has the name too, who it means in a realm may change with this one, and nobody may remember the other.
 * @returns false where the name is taken.
 */
export async function insertPerson(
  context: Context,
  person: Omit<Person, 'usernameKey' | 'uid' | 'sessionMark'>,
): Promise<boolean> {
  const row = { ...person, usernameKey: nameKey(person.username) }
  const insert = drizzle(context.db).insert(people).values(row).onConflictDoNothing()
  const shared = await isSharedName(context, person)
  if (shared) await forgetWith(context, [insert])
  else await insert
  const made = (await findPerson(context, person.id)) !== null
  // Two resolvers may get the same name at the same time.
  if (made && !shared && (await isSharedName(context, person))) await forget(context)
  return made
}

/** Whether another resolver of the customer has this name. */
async function isSharedName(
  context: Context,
  { customer, id, username }: Pick<Person, 'customer' | 'id' | 'username'>,
): Promise<boolean> {
  const found = await drizzle(context.db)
    .select({ id: people.id })
    .from(resolvers)
    .innerJoin(
      people,
      and(
        eq(people.customer, resolvers.customer),
        eq(people.resolver, resolvers.name),
        eq(people.usernameKey, nameKey(username)),
      ),
    )
    .where(and(eq(resolvers.customer, customer), ne(people.id, id)))
    .limit(1)
  return found.length > 0
}

/** @returns whether one of these local resolvers has the name. */
export async function isNamedIn(
  context: Context,
  { customer, username }: Pick<Person, 'customer' | 'username'>,
  names: string[],
): Promise<boolean> {
  const found = await drizzle(context.db)
    .select({ id: people.id })
    .from(people)
    .where(
      and(
        eq(people.customer, customer),
        isOneOf(people.resolver, names),
        eq(people.usernameKey, nameKey(username)),
      ),
    )
    .limit(1)
  return found.length > 0
}

export type PersonChange = Partial<
  Pick<
    Person,
    | 'username'
    | 'givenname'
    | 'surname'
    | 'email'
    | 'phone'
    | 'mobile'
    | 'description'
    | 'passwordHash'
  >
>

/** @returns false where another person of the resolver has the new name, or this one is gone. One statement decides. */
export async function updatePerson(
  context: Context,
  person: Person,
  change: PersonChange,
): Promise<boolean> {
  const orm = drizzle(context.db)
  const usernameKey = nameKey(change.username ?? person.username)
  const other = alias(people, 'other')
  const taken = orm
    .select({ one: sql`1` })
    .from(other)
    .where(
      and(
        eq(other.customer, person.customer),
        eq(other.resolver, person.resolver),
        eq(other.usernameKey, usernameKey),
        ne(other.id, person.id),
      ),
    )
  await forgetWith(context, [
    orm
      .update(people)
      .set({ ...change, usernameKey })
      .where(and(eq(people.id, person.id), notExists(taken))),
  ])
  return (await findPerson(context, person.id))?.usernameKey === usernameKey
}

/** The person and what was noted about them. Their tokens stay, and are good for nothing (store/owner.ts). */
export async function deletePerson(context: Context, id: string): Promise<void> {
  const orm = drizzle(context.db)
  await forgetWith(context, [
    orm.delete(personAttributes).where(eq(personAttributes.person, id)),
    orm.delete(people).where(eq(people.id, id)),
  ])
}

/** Those columns that a search may name, as the wire calls them. */
const searchable = {
  username: people.usernameKey,
  userid: people.id,
  givenname: people.givenname,
  surname: people.surname,
  email: people.email,
  phone: people.phone,
  mobile: people.mobile,
  description: people.description,
} as const
export type SearchField = keyof typeof searchable
export const searchFields = Object.keys(searchable) as SearchField[]

export type PeopleSearch = {
  customer: string
  resolvers: string[]
  fields: Partial<Record<SearchField, string>>
  /** Only this one. */
  id?: string
}

/** @returns one page, by name, and how many there are in all. @throws Refusal bad_parameter */
export async function searchPeople(
  context: Context,
  search: PeopleSearch,
  { limit, offset }: Page,
): Promise<{ people: Person[]; count: number }> {
  if (search.resolvers.length === 0) return { people: [], count: 0 }
  const orm = drizzle(context.db)
  const where = and(
    eq(people.customer, search.customer),
    isOneOf(people.resolver, search.resolvers),
    // Who is kept in a directory is listed from there.
    search.id === undefined ? isNull(people.uid) : eq(people.id, search.id),
    ...Object.entries(search.fields).map(([field, pattern]) => fieldMatches(field, pattern)),
  )
  const [found, [all]] = await orm.batch([
    orm
      .select()
      .from(people)
      .where(where)
      .orderBy(asc(people.usernameKey), asc(people.resolver))
      .limit(limit)
      .offset(offset),
    orm.select({ count: count() }).from(people).where(where),
  ])
  return { people: found, count: all?.count ?? 0 }
}

/** A whole name and an id are looked up by an index. */
function fieldMatches(field: string, pattern: string): SQL {
  const name = field as SearchField
  if (name === 'username') {
    const key = nameKey(pattern)
    return key.includes('*') ? matches(people.usernameKey, key, name) : eq(people.usernameKey, key)
  }
  if (name === 'userid' && !pattern.includes('*')) return eq(people.id, pattern)
  return matches(searchable[name], pattern, name)
}
