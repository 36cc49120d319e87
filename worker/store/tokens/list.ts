/** Searches tokens, a page at a time. */
import { type SQL, and, asc, count, desc, eq, isNotNull, isNull, or, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { alias } from 'drizzle-orm/sqlite-core'
import { people, phones, serverKeys, tokens } from '../../../schema/tables.ts'
import { nameKey } from '../name-key.ts'
import { type Page, isOneOf, matches } from '../search.ts'
import type { TokenRow } from './row.ts'

export type TokenFilter = {
  customer: string
  /** Patterns. */
  texts: Partial<Record<TokenField, string>>
  /** A note of the administrator's: its key, and a pattern of its value. */
  info?: { key: string; value: string }
  types?: string[]
  active?: boolean
  assigned?: boolean
  /** Only this owner's. */
  ownerId?: string
  /** Only what is in one of these. */
  realms?: string[]
}
export type ListedToken = {
  id: number
  token: TokenRow
  username: string | null
  resolver: string | null
  /** Of a stock phone: what it brought, and our public key for it. */
  phoneKey: string | null
  fbtoken: string | null
  serverKey: string | null
  /** Of a device's codes: whether the device is good for anything. null: other tokens. */
  deviceStands: boolean | null
}

const devices = alias(tokens, 'devices')

const columns = {
  serial: tokens.serial,
  tokentype: tokens.type,
  description: tokens.description,
  rollout_state: tokens.rolloutState,
  username: people.username,
  userid: tokens.person,
  resolver: people.resolver,
} as const
export type TokenField = keyof typeof columns | 'realm'
export const tokenFields = [...(Object.keys(columns) as (keyof typeof columns)[]), 'realm'] as const

const sortable = {
  ...columns,
  id: sql`${tokens}.rowid`,
  active: tokens.active,
  failcount: tokens.failCount,
  maxfail: tokens.maxFailCount,
  realm: tokens.realm,
} as const
export type TokenOrder = keyof typeof sortable
export const tokenOrders = Object.keys(sortable) as TokenOrder[]

/** @throws Refusal bad_parameter where a pattern is longer than the database takes. */
export async function listTokens(
  db: D1Database,
  filter: TokenFilter,
  { limit, offset, by, descending }: Page & { by: TokenOrder; descending: boolean },
): Promise<{ rows: ListedToken[]; count: number }> {
  const orm = drizzle(db)
  const where = conditions(filter)
  const order = sortable[by]
  const [rows, counted] = await orm.batch([
    orm
      .select({
        id: sql<number>`${tokens}.rowid`,
        token: tokens,
        username: people.username,
        resolver: people.resolver,
        // A batch gives rows by the names of their columns, and three of these are named alike.
        phoneKey: sql<string | null>`${phones.publicKey}`.as('phone_key'),
        fbtoken: phones.fbtoken,
        serverKey: sql<string | null>`${serverKeys.publicKey}`.as('server_key'),
        deviceStands: sql<boolean | null>`${devices.active} and not ${devices.revoked}`
          .mapWith((stands: number | null) => stands !== null && stands !== 0)
          .as('device_stands'),
      })
      .from(tokens)
      .leftJoin(people, eq(people.id, tokens.person))
      .leftJoin(phones, eq(phones.serial, tokens.serial))
      .leftJoin(serverKeys, eq(serverKeys.id, phones.serverKey))
      .leftJoin(devices, eq(devices.serial, tokens.device))
      .where(where)
      .orderBy(descending ? desc(order) : asc(order), asc(sql`${tokens}.rowid`))
      .limit(limit)
      .offset(offset),
    orm
      .select({ count: count() })
      .from(tokens)
      .leftJoin(people, eq(people.id, tokens.person))
      .where(where),
  ])
  return { rows, count: counted[0]?.count ?? 0 }
}

function conditions(filter: TokenFilter): SQL | undefined {
  const { customer, texts, info, types, active, assigned, ownerId, realms } = filter
  const named = Object.entries(texts).map(([field, pattern]) =>
    condition(customer, field as TokenField, pattern),
  )
  return and(
    isOf(filter),
    ...named,
    active === undefined ? undefined : eq(tokens.active, active),
    assigned === undefined
      ? undefined
      : assigned
        ? isNotNull(tokens.person)
        : isNull(tokens.person),
    ownerId === undefined ? undefined : eq(tokens.ownerId, ownerId),
    realms && inOneOf(realms),
    types && (types.length === 1 ? sql`${tokens.type} = ${types[0]}` : isOneOf(tokens.type, types)),
    info &&
      matches(
        sql`(${tokens.info} ->> ${`$.${JSON.stringify(info.key)}`})`,
        info.value,
        'infovalue',
      ),
  )
}

const inOneOf = (realms: string[]): SQL | undefined =>
  or(
    isOneOf(tokens.realm, realms),
    sql`exists (select 1 from json_each(${tokens.realms}) where ${isOneOf(sql`json_each.value`, realms)})`,
  )

/** SQLite takes the customer's index first unless a plus tells it that there is a better one. */
function isOf({ customer, texts, ownerId }: TokenFilter): SQL {
  const { username = '*', userid = '*' } = texts
  const isNarrow = ownerId !== undefined || !username.includes('*') || !userid.includes('*')
  return isNarrow ? sql`+${tokens.customer} = ${customer}` : eq(tokens.customer, customer)
}

/** What is named whole is looked up by an index; a pattern reads all tokens of the customer. */
function condition(customer: string, field: TokenField, pattern: string): SQL | undefined {
  if (field === 'realm') return inRealm(pattern)
  if (pattern.includes('*')) return matches(columns[field], pattern, field)
  if (field === 'serial') return eq(tokens.serial, pattern)
  if (field === 'userid') return eq(tokens.person, pattern)
  if (field === 'tokentype') return sql`${tokens.type} = ${pattern.toLowerCase()}`
  if (field === 'username')
    return sql`${tokens.person} in (select ${people.id} from ${people}
      where ${people.customer} = ${customer} and ${people.usernameKey} = ${nameKey(pattern)})`
  return matches(columns[field], pattern, field)
}

/** The owner's, or one of those beside it. */
const inRealm = (pattern: string): SQL | undefined =>
  or(
    matches(tokens.realm, pattern, 'realm'),
    sql`exists (select 1 from json_each(${tokens.realms}) where ${matches(sql`json_each.value`, pattern, 'realm')})`,
  )
