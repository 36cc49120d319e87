/** Fills the local D1 on its first run, and sets the administrator's password where one is given. */
import { and, desc, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { accounts, apiKeys, customers, serverKeys } from '../../schema/tables.ts'
import { hashPassword, matchesHash } from '../factor/hash.ts'
import type { Keys } from './keys.ts'
import { Refusal } from './settings.ts'
import {
  administrator,
  customer,
  firstRows,
  randomPassword,
  spareKeyRow,
  tryRows,
} from './provision.ts'

type Options = { issuer: string; keys: Keys; password: string | null; tryIt: boolean }

/** @returns the administrator's password where it was made just now, else null: a given one is known already. */
export async function provision(database: D1Database, options: Options): Promise<string | null> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  await provisionTryIt(database, options, nowSeconds)
  const db = drizzle(database)
  const isAdministrator = and(eq(accounts.customer, customer), eq(accounts.username, administrator))
  const [account] = await db.select().from(accounts).where(isAdministrator)
  const { pepper } = options.keys
  if (account) await provisionSpareKey(database, options.keys, nowSeconds)
  if (!account) {
    const password = options.password ?? randomPassword()
    await db.batch(
      await firstRows(database, {
        issuer: options.issuer,
        keys: options.keys,
        password,
        nowSeconds,
      }),
    )
    return options.password === null ? password : null
  }
  const { password } = options
  if (password === null || (await matchesHash(password, account.passwordHash, pepper))) return null
  await db
    .update(accounts)
    .set({ passwordHash: await hashPassword(password, pepper) })
    .where(isAdministrator)
  return null
}

/** @throws Refusal where a customer lives in a database that there would not be. */
export async function checkRoom(first: D1Database, databases: number): Promise<void> {
  const [last] = await drizzle(first)
    .select()
    .from(customers)
    .orderBy(desc(customers.database))
    .limit(1)
  if (last && last.database >= databases)
    throw new Refusal(
      `The customer "${last.id}" lives in database ${last.database}: start with COUNTERSIGN_DATABASES=${last.database + 1} or more.`,
    )
}

/** A deployment from before stock phones has none yet. */
async function provisionSpareKey(database: D1Database, keys: Keys, nowSeconds: number) {
  const spares = await drizzle(database)
    .select({ id: serverKeys.id })
    .from(serverKeys)
    .where(eq(serverKeys.customer, customer))
  if (spares.length === 0) await (await spareKeyRow(database, customer, keys, nowSeconds)).statement
}

/** Where the deployment can be reached from elsewhere, the key that any visitor gets must not work. */
async function provisionTryIt(database: D1Database, { keys, tryIt }: Options, nowSeconds: number) {
  const db = drizzle(database)
  if (tryIt) await db.batch(await tryRows(database, keys, nowSeconds))
  else await db.delete(apiKeys).where(eq(apiKeys.id, keys.tryApiKey.split('_')[0]!))
}
