/**
 * Many rows in one statement, as JSON: D1 takes a hundred bound values, a value of two megabytes, and a thousand statements a
 * request. A chunk is what fits into one value.
 */
import { and, eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { people, realmResolvers, tokens } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { forget } from './cache.ts'
import { nameKey } from './name-key.ts'
import { byPriority } from './realms.ts'
import { isOneOf } from './search.ts'

const rowsInChunk = 500

export function chunked<T>(rows: T[]): T[][] {
  const chunks: T[][] = []
  for (let from = 0; from < rows.length; from += rowsInChunk)
    chunks.push(rows.slice(from, from + rowsInChunk))
  return chunks
}

export type TokenKept = Pick<
  typeof tokens.$inferSelect,
  'serial' | 'customer' | 'type' | 'seed' | 'pinHash' | 'ownerId'
>

/** Those of these serials that are taken, whoever's they are. */
export async function tokensNamed(
  db: D1Database,
  serials: string[],
): Promise<Map<string, TokenKept>> {
  const { serial, customer, type, seed, pinHash, ownerId } = tokens
  const kept = new Map<string, TokenKept>()
  for (const chunk of chunked(serials))
    for (const row of await drizzle(db)
      .select({ serial, customer, type, seed, pinHash, ownerId })
      .from(tokens)
      .where(isOneOf(tokens.serial, chunk)))
      kept.set(row.serial, row)
  return kept
}

export type PersonAsked = { realm: string; username: string; resolver: string }
export type PersonKept = { id: string; username: string; resolver: string }

/**
 * SQLite keeps the order of a cross join: the few that are asked for first, each looked up in the many.
 */

/** The people of these names, each from the first resolver of their realm that has them, or from the one that is named. */
export async function peopleNamed(
  db: D1Database,
  customer: string,
  asked: PersonAsked[],
): Promise<Map<string, PersonKept>> {
  const kept = new Map<string, PersonKept>()
  for (const chunk of chunked(asked)) {
    const names = chunk.map(({ realm, username }) => ({ realm, key: nameKey(username) }))
    const found = await drizzle(db)
      .select({
        realm: realmResolvers.realm,
        key: people.usernameKey,
        id: people.id,
        username: people.username,
        resolver: people.resolver,
      })
      .from(sql`json_each(${JSON.stringify(names)}) asked`)
      .crossJoin(realmResolvers)
      .crossJoin(people)
      .where(
        and(
          eq(realmResolvers.customer, customer),
          eq(realmResolvers.realm, sql`asked.value ->> 'realm'`),
          eq(people.customer, realmResolvers.customer),
          eq(people.resolver, realmResolvers.resolver),
          eq(people.usernameKey, sql`asked.value ->> 'key'`),
        ),
      )
      .orderBy(...byPriority)
    for (const { realm, key, ...person } of found)
      for (const resolver of ['', person.resolver]) {
        const name = keyOf({ realm, username: key, resolver })
        if (!kept.has(name)) kept.set(name, person)
      }
  }
  return kept
}

const keyOf = ({ realm, username, resolver }: PersonAsked): string =>
  JSON.stringify([realm, nameKey(username), nameKey(resolver)])

/** A resolver that this realm does not have is one of elsewhere, and says nothing here. */
export const personIn = (kept: Map<string, PersonKept>, asked: PersonAsked): PersonKept | null =>
  kept.get(keyOf(asked)) ?? kept.get(keyOf({ ...asked, resolver: '' })) ?? null

/** As if these were there already: in each realm that looks into their resolver, before whom a later one has. */
export function withJoining(
  kept: Map<string, PersonKept>,
  joining: PersonKept[],
  realms: { name: string; resolvers: { name: string }[] }[],
): void {
  for (const { name: realm, resolvers } of realms) {
    const order = new Map(resolvers.map(({ name }, at) => [name, at]))
    const place = ({ resolver }: PersonKept): number => order.get(resolver) ?? Infinity
    for (const person of joining.filter(({ resolver }) => order.has(resolver))) {
      const named = { realm, username: person.username }
      kept.set(keyOf({ ...named, resolver: person.resolver }), person)
      const first = kept.get(keyOf({ ...named, resolver: '' }))
      if (!first || place(person) < place(first))
        kept.set(keyOf({ ...named, resolver: '' }), person)
    }
  }
}

export type TokenLoaded = Pick<
  typeof tokens.$inferSelect,
  | 'serial'
  | 'customer'
  | 'ownerId'
  | 'person'
  | 'realm'
  | 'type'
  | 'description'
  | 'realms'
  | 'pinHash'
  | 'seed'
  | 'otpLength'
  | 'hashlib'
  | 'timeStep'
  | 'timeWindow'
  | 'countWindow'
  | 'syncWindow'
  | 'counter'
  | 'timeShift'
  | 'validUntil'
  | 'active'
  | 'revoked'
  | 'failCount'
  | 'maxFailCount'
  | 'createdAt'
>

const insertFromJson = `insert into tokens
  (serial, customer, owner_id, person, realm, type, description, realms, pin_hash, seed,
   otp_length, hashlib, time_step, time_window, count_window, sync_window, counter, time_shift,
   valid_until, active, revoked, fail_count, max_fail_count, created_at, rollout_state)
  select value ->> 'serial', value ->> 'customer', value ->> 'ownerId', value ->> 'person',
    value ->> 'realm', value ->> 'type', value ->> 'description', value -> 'realms',
    value ->> 'pinHash', value ->> 'seed', value ->> 'otpLength', value ->> 'hashlib',
    value ->> 'timeStep', value ->> 'timeWindow', value ->> 'countWindow', value ->> 'syncWindow',
    value ->> 'counter', value ->> 'timeShift', value ->> 'validUntil', value ->> 'active', value ->> 'revoked',
    value ->> 'failCount', value ->> 'maxFailCount', value ->> 'createdAt', ''
  from json_each(?)
  where value ->> 'person' is null or exists (select 1 from people where id = value ->> 'person')
  on conflict do nothing returning serial`

export type PersonLoaded = typeof people.$inferSelect

/** Those of these names that a resolver has, as `[resolver, key]` in JSON. */
export async function namesTaken(
  db: D1Database,
  customer: string,
  names: { resolver: string; username: string }[],
): Promise<Set<string>> {
  const taken = new Set<string>()
  for (const chunk of chunked(names)) {
    const keys = chunk.map(({ resolver, username }) => ({ resolver, key: nameKey(username) }))
    const found = await drizzle(db)
      .select({ resolver: people.resolver, key: people.usernameKey })
      .from(sql`json_each(${JSON.stringify(keys)}) asked`)
      .crossJoin(people)
      .where(
        and(
          eq(people.customer, customer),
          eq(people.resolver, sql`asked.value ->> 'resolver'`),
          eq(people.usernameKey, sql`asked.value ->> 'key'`),
        ),
      )
    for (const { resolver, key } of found) taken.add(JSON.stringify([resolver, key]))
  }
  return taken
}

const insertPeopleFromJson = `insert into people
  (id, customer, resolver, username, username_key, givenname, surname, email, phone, mobile,
   description, password_hash, created_at)
  select value ->> 'id', value ->> 'customer', value ->> 'resolver', value ->> 'username',
    value ->> 'usernameKey', value ->> 'givenname', value ->> 'surname', value ->> 'email',
    value ->> 'phone', value ->> 'mobile', value ->> 'description', value ->> 'passwordHash',
    value ->> 'createdAt'
  from json_each(?) where true
  on conflict do nothing returning id`

/** ids and serials: those that are new; what somebody else took meanwhile is not among them. */
export type Inserted = { ids: ReadonlySet<string>; serials: ReadonlySet<string> }

/** All or none, so that nobody is ever seen without their tokens; and nobody remembers who had a name before. */
export async function insertLoaded(
  context: Context,
  loaded: { people: PersonLoaded[]; tokens: TokenLoaded[] },
): Promise<Inserted> {
  const { db } = context
  const statements = [
    ...chunked(loaded.people).map((chunk) => [insertPeopleFromJson, chunk] as const),
    ...chunked(loaded.tokens).map((chunk) => [insertFromJson, chunk] as const),
  ]
  if (statements.length === 0) return { ids: new Set(), serials: new Set() }
  const made = await db.batch<{ id?: string; serial?: string }>(
    statements.map(([query, chunk]) => db.prepare(query).bind(JSON.stringify(chunk))),
  )
  if (loaded.people.length > 0) await forget(context)
  const rows = made.flatMap(({ results }) => results)
  return {
    ids: new Set(rows.flatMap(({ id }) => id ?? [])),
    serials: new Set(rows.flatMap(({ serial }) => serial ?? [])),
  }
}
