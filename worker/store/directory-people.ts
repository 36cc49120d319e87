/**
 * People of directories in D1: a row for whoever was looked up once, found by what their directory calls them for ever. Tokens,
 * policies and the trail work with the row as with any person's; what stands in it follows the directory.
 */
import { and, eq, isNull, ne, or, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { people } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { forgetWith } from './cache.ts'
import { nameKey } from './name-key.ts'
import type { Person } from './people.ts'

export type Place = { customer: string; resolver: string }
export type Profile = Pick<
  Person,
  'username' | 'givenname' | 'surname' | 'email' | 'phone' | 'mobile' | 'description'
>

export async function findByUid(
  context: Context,
  { customer, resolver }: Place,
  uid: string,
): Promise<Person | null> {
  const [row] = await drizzle(context.db)
    .select()
    .from(people)
    .where(and(eq(people.customer, customer), eq(people.resolver, resolver), eq(people.uid, uid)))
  return row ?? null
}

/** @param fresh the id of the row, where there is none yet. @returns the row as it now stands. */
export async function keepFound(
  context: Context,
  place: Place,
  found: Profile & { uid: string },
  fresh: { id: string; createdAt: number },
): Promise<Person> {
  const known = await findByUid(context, place, found.uid)
  const row = { ...place, ...found, usernameKey: nameKey(found.username) }
  if (known && Object.entries(row).every(([name, value]) => known[name as keyof Person] === value))
    return known
  const orm = drizzle(context.db)
  const changes = [
    // The name has gone over to somebody else: whoever had it keeps their row, and answers to it no more.
    orm
      .update(people)
      .set({ usernameKey: sql`'gone/' || ${people.id}` })
      .where(
        and(
          eq(people.customer, place.customer),
          eq(people.resolver, place.resolver),
          eq(people.usernameKey, row.usernameKey),
          or(isNull(people.uid), ne(people.uid, row.uid)),
        ),
      ),
    orm
      .insert(people)
      .values({ ...fresh, ...row })
      .onConflictDoUpdate({
        target: [people.customer, people.resolver, people.uid],
        targetWhere: sql`uid is not null`,
        set: row,
      }),
  ] as const
  // Nobody remembers yet whom nobody has seen.
  if (known) await forgetWith(context, [...changes])
  else await orm.batch(changes)
  const kept = await findByUid(context, place, found.uid)
  if (!kept) throw new Error('a person was kept and is not there')
  return kept
}

/** @returns the ids of those who have a row, by `[resolver, uid]` in JSON. */
export async function findIdsByUid(
  context: Context,
  customer: string,
  sought: { resolver: string; userid: string }[],
): Promise<Map<string, string>> {
  if (sought.length === 0) return new Map()
  const asked = JSON.stringify(sought.map(({ resolver, userid: uid }) => ({ resolver, uid })))
  const found = await drizzle(context.db)
    .select({ id: people.id, resolver: people.resolver, uid: people.uid })
    .from(sql`json_each(${asked}) asked`)
    .crossJoin(people)
    .where(
      and(
        eq(people.customer, customer),
        eq(people.resolver, sql`asked.value ->> 'resolver'`),
        eq(people.uid, sql`asked.value ->> 'uid'`),
        sql`${people.uid} is not null`,
      ),
    )
  return new Map(found.map(({ id, resolver, uid }) => [JSON.stringify([resolver, uid]), id]))
}
