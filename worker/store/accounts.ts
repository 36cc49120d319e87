/** Administrators, service accounts, API keys and the applications they speak for. */
import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import {
  accounts,
  apiKeys,
  applicationSecrets,
  applications,
  registrations,
  webhooks,
} from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { forgetIfAny, forgetWith, remembered } from './cache.ts'

export type Account = typeof accounts.$inferSelect
export type ApiKey = typeof apiKeys.$inferSelect
export type Application = typeof applications.$inferSelect

/** No hash is empty, so no secret fits it. */
export const noSecret = ''

export const findAccount = (
  context: Context,
  customer: string,
  username: string,
): Promise<Account | null> =>
  remembered(context, `account/${customer}/${username}`, async () => {
    const [row] = await drizzle(context.db)
      .select()
      .from(accounts)
      .where(and(eq(accounts.customer, customer), eq(accounts.username, username)))
    return row ?? null
  })

export const findApiKey = (context: Context, id: string): Promise<ApiKey | null> =>
  remembered(context, `key/${id}`, async () => {
    const [row] = await drizzle(context.db).select().from(apiKeys).where(eq(apiKeys.id, id))
    return row ?? null
  })

/** Keys without a secret: whoever calls from their networks is their application. */
export async function readSources(context: Context, customer: string): Promise<ApiKey[]> {
  const found = await remembered(context, `sources/${customer}`, () =>
    drizzle(context.db)
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.customer, customer), eq(apiKeys.secretHash, noSecret))),
  )
  return found ?? []
}

/** Whether somebody is to be told what becomes of its logins is read with it: each trigger asks. */
export const findApplication = (
  context: Context,
  id: string,
): Promise<(Application & { isTold: boolean }) | null> =>
  remembered(context, `application/${id}`, async () => {
    // Written out: of a query about one table drizzle leaves away whose column it is.
    const told = sql<number>`exists
      (select 1 from webhooks as hook where hook.application = applications.id and hook.active = 1)`
    const [row] = await drizzle(context.db)
      .select({ ...getTableColumns(applications), isTold: told })
      .from(applications)
      .where(eq(applications.id, id))
    return row ? { ...row, isTold: row.isTold === 1 } : null
  })

export type Overview = {
  application: Application
  keys: ApiKey[]
  accounts: Account[]
  secrets: (typeof applicationSecrets.$inferSelect)[]
  openid: typeof registrations.$inferSelect | null
}

export async function readApplications(context: Context, customer: string): Promise<Overview[]> {
  const db = drizzle(context.db)
  const [all, keys, named, secrets, registered] = await db.batch([
    db.select().from(applications).where(eq(applications.customer, customer)),
    db.select().from(apiKeys).where(eq(apiKeys.customer, customer)),
    db.select().from(accounts).where(eq(accounts.customer, customer)),
    db.select().from(applicationSecrets).where(eq(applicationSecrets.customer, customer)),
    db.select().from(registrations).where(eq(registrations.customer, customer)),
  ])
  return all.map((application) => ({
    application,
    keys: keys.filter((key) => key.application === application.id),
    accounts: named.filter((account) => account.application === application.id),
    secrets: secrets.filter((secret) => secret.application === application.id),
    openid: registered.find((one) => one.application === application.id) ?? null,
  }))
}

export async function writeApplication(context: Context, application: Application): Promise<void> {
  const { name } = application
  await forgetWith(context, [
    drizzle(context.db)
      .insert(applications)
      .values(application)
      .onConflictDoUpdate({ target: applications.id, set: { name } }),
  ])
}

/** With its keys, secrets and accounts: nothing of it is heard any more. */
export async function deleteApplication(context: Context, id: string): Promise<void> {
  const db = drizzle(context.db)
  await forgetWith(context, [
    db.delete(apiKeys).where(eq(apiKeys.application, id)),
    db.delete(accounts).where(eq(accounts.application, id)),
    db.delete(applicationSecrets).where(eq(applicationSecrets.application, id)),
    db.delete(registrations).where(eq(registrations.application, id)),
    db.delete(webhooks).where(eq(webhooks.application, id)),
    db.delete(applications).where(eq(applications.id, id)),
  ])
}

export async function insertApiKey(context: Context, key: ApiKey): Promise<void> {
  await forgetWith(context, [drizzle(context.db).insert(apiKeys).values(key)])
}

/** @returns whether there was one. */
export async function deleteApiKey(
  context: Context,
  application: string,
  id: string,
): Promise<boolean> {
  return forgetIfAny(
    context,
    drizzle(context.db)
      .delete(apiKeys)
      .where(and(eq(apiKeys.application, application), eq(apiKeys.id, id)))
      .returning({ id: apiKeys.id }),
  )
}

/** @returns false where the name is taken. */
export async function insertAccount(context: Context, account: Account): Promise<boolean> {
  return forgetIfAny(
    context,
    drizzle(context.db)
      .insert(accounts)
      .values(account)
      .onConflictDoNothing()
      .returning({ id: accounts.id }),
  )
}

/** One statement decides that one is left, whoever else is removed at the same moment. @returns whether it went. */
export async function deleteAdministrator(context: Context, account: Account): Promise<boolean> {
  const another = sql`(select count(*) from ${accounts} as other
    where other.customer = ${account.customer} and other.role = 'admin') > 1`
  const db = drizzle(context.db)
  return forgetIfAny(
    context,
    db
      .delete(accounts)
      .where(and(eq(accounts.id, account.id), another))
      .returning({ id: accounts.id }),
  )
}

export async function writePassword(
  context: Context,
  id: string,
  passwordHash: string,
): Promise<void> {
  await forgetWith(context, [
    drizzle(context.db).update(accounts).set({ passwordHash }).where(eq(accounts.id, id)),
  ])
}

/** Service accounts only: administrators are not removed in passing. @returns whether there was one. */
export async function deleteAccount(
  context: Context,
  application: string,
  username: string,
): Promise<boolean> {
  return forgetIfAny(
    context,
    drizzle(context.db)
      .delete(accounts)
      .where(
        and(
          eq(accounts.application, application),
          eq(accounts.username, username),
          eq(accounts.role, 'service'),
        ),
      )
      .returning({ id: accounts.id }),
  )
}
