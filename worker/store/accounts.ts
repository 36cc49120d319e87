/** Administrators, service accounts, API keys and the applications they speak for. */
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { accounts, apiKeys, applications } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { remembered } from './cache.ts'

export type Account = typeof accounts.$inferSelect
export type ApiKey = typeof apiKeys.$inferSelect
export type Application = typeof applications.$inferSelect

export const findAccount = (
  context: Context,
  customer: string,
  username: string,
): Promise<Account | null> =>
  remembered(context, `account/${customer}/${username}`, async () => {
    const [row] = await drizzle(context.env.DB)
      .select()
      .from(accounts)
      .where(and(eq(accounts.customer, customer), eq(accounts.username, username)))
    return row ?? null
  })

export const findApiKey = (context: Context, id: string): Promise<ApiKey | null> =>
  remembered(context, `key/${id}`, async () => {
    const [row] = await drizzle(context.env.DB).select().from(apiKeys).where(eq(apiKeys.id, id))
    return row ?? null
  })

export const findApplication = (context: Context, id: string): Promise<Application | null> =>
  remembered(context, `application/${id}`, async () => {
    const [row] = await drizzle(context.env.DB)
      .select()
      .from(applications)
      .where(eq(applications.id, id))
    return row ?? null
  })
