/**
 * What a fresh deployment holds: the customer `default` with its realm, its administrator and, where people try it on
 * their own machine, the Try-it application; and what another customer begins with. Rows only; a second call changes nothing
 * that is there.
 */
import { randomBytes } from 'node:crypto'
import { drizzle } from 'drizzle-orm/d1'
import { toCrockford } from '../../schema/crockford.ts'
import { sha256 } from '../../schema/encoding.ts'
import {
  accounts,
  apiKeys,
  applications,
  customers,
  policies,
  realmResolvers,
  realms,
  resolvers,
  serverKeys,
} from '../../schema/tables.ts'
import { newServerKey } from '../crypto/server-key.ts'
import { type HashCost, hashPassword } from '../factor/hash.ts'
import { type Right, administratorRights } from '../policy/rights.ts'
import { enrolmentPolicy, hardeningPolicy } from '../policy/settings.ts'

export const customer = 'default'
export const realm = 'default'
export const resolver = 'local'
export const administrator = 'admin'
const tryApplication = 'try'

/** The visitor's own browser asks, enrols and redeems. */
const tryRights: Right[] = ['trigger', 'check', 'enrol', 'add_people', 'origin_browser']

/** 20 characters, 100 random bits, nothing to misread. */
export function randomPassword(): string {
  const letters = toCrockford(randomBytes(13), 20).toLowerCase()
  return letters.replace(/.{5}(?=.)/g, '$&-')
}

/** With the number of the database where all of them is. */
export type Customer = { id: string; name: string; database: number }
/** Of worker/local/keys.ts. */
type Keys = { masterKey: string; pepper: string }
type Options = {
  issuer: string
  keys: Keys
  password: string
  nowSeconds: number
  /** Another than the full one: of the worker's tests. */
  hashCost?: HashCost
}

/** Rows of a first run. `database` is only asked to make statements; who calls decides how they are sent. */
export const firstRows = (database: D1Database, options: Options) =>
  customerRows(database, { id: customer, name: 'Default', database: 0 }, options)

/** Rows of a customer in the database where they live. */
export async function customerRows(
  database: D1Database,
  { id: customer, name, database: number }: Customer,
  { issuer, keys, password, nowSeconds: createdAt, hashCost }: Options,
) {
  const db = drizzle(database)
  const passwordHash = await hashPassword(password, keys.pepper, undefined, hashCost)
  return [
    db
      .insert(customers)
      .values({ id: customer, name, database: number, createdAt })
      .onConflictDoNothing(),
    db.insert(policies).values(hardeningPolicy(customer)).onConflictDoNothing(),
    db.insert(policies).values(enrolmentPolicy(customer)).onConflictDoNothing(),
    db.insert(realms).values({ customer, name: realm, isDefault: true }).onConflictDoNothing(),
    db
      .insert(resolvers)
      .values({ customer, name: resolver, type: 'local', config: {}, createdAt })
      .onConflictDoNothing(),
    db.insert(realmResolvers).values({ customer, realm, resolver }).onConflictDoNothing(),
    db
      .insert(applications)
      .values({ id: customer, customer, name: issuer, createdAt })
      .onConflictDoNothing(),
    db
      .insert(accounts)
      .values({
        id: randomBytes(16).toString('hex'),
        customer,
        application: customer,
        username: administrator,
        role: 'admin',
        passwordHash,
        rights: administratorRights,
        createdAt,
      })
      .onConflictDoNothing(),
    (await spareKeyRow(database, customer, keys, createdAt)).statement,
  ] as const
}

/**
 * The key that stock phones are given until the minute's work has made others.
 * @returns the statement within an object: a promise of a statement by itself would carry it out.
 */
export async function spareKeyRow(
  database: D1Database,
  customer: string,
  { masterKey }: Pick<Keys, 'masterKey'>,
  nowSeconds: number,
) {
  const bytes = Buffer.from(masterKey, 'base64url')
  const master = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, [
    'deriveBits',
    'deriveKey',
  ])
  const random = (length: number) => new Uint8Array(randomBytes(length))
  const key = await newServerKey(master, customer, { random, nowSeconds })
  return { statement: drizzle(database).insert(serverKeys).values(key).onConflictDoNothing() }
}

/** In the first database: without it nobody finds a customer who lives in another. */
export const directoryRow = (database: D1Database, customer: Customer, createdAt: number) =>
  drizzle(database)
    .insert(customers)
    .values({ ...customer, createdAt })

/** The Try-it application and its key. */
export async function tryRows(
  database: D1Database,
  { tryApiKey }: { tryApiKey: string },
  nowSeconds: number,
) {
  const db = drizzle(database)
  const [id, secret] = tryApiKey.split('_') as [string, string]
  const createdAt = nowSeconds
  const secretHash = await sha256(secret)
  return [
    db
      .insert(applications)
      .values({ id: tryApplication, customer, name: 'Try it', createdAt })
      .onConflictDoNothing(),
    db
      .insert(apiKeys)
      .values({
        id,
        customer,
        application: tryApplication,
        secretHash,
        rights: tryRights,
        createdAt,
      })
      .onConflictDoNothing(),
  ] as const
}
