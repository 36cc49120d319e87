/** What applications are registered for, and the secrets that they show. Remembered: every token of theirs is judged by them. */
import { and, eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { applicationSecrets, registrations } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { forgetIfAny, forgetWith, remembered } from './cache.ts'

export type Registration = typeof registrations.$inferSelect
export type ApplicationSecret = typeof applicationSecrets.$inferSelect

/** One can be replaced while the other is in use. */
export const mostSecrets = 2

export const findRegistration = (
  context: Context,
  application: string,
): Promise<Registration | null> =>
  remembered(context, `registration/${application}`, async () => {
    const [row] = await drizzle(context.db)
      .select()
      .from(registrations)
      .where(eq(registrations.application, application))
    return row ?? null
  })

export async function secretsOf(
  context: Context,
  application: string,
): Promise<ApplicationSecret[]> {
  const found = await remembered(context, `secrets/${application}`, () =>
    drizzle(context.db)
      .select()
      .from(applicationSecrets)
      .where(eq(applicationSecrets.application, application)),
  )
  return found ?? []
}

export async function writeRegistration(context: Context, one: Registration): Promise<void> {
  const { application, createdAt, customer, ...set } = one
  await forgetWith(context, [
    drizzle(context.db)
      .insert(registrations)
      .values({ application, createdAt, customer, ...set })
      .onConflictDoUpdate({ target: registrations.application, set }),
  ])
}

/** @returns whether there was one. */
export async function deleteRegistration(context: Context, application: string): Promise<boolean> {
  return forgetIfAny(
    context,
    drizzle(context.db)
      .delete(registrations)
      .where(eq(registrations.application, application))
      .returning({ application: registrations.application }),
  )
}

/** One statement decides that there are no more than two. @returns whether it was taken. */
export async function insertSecret(context: Context, one: ApplicationSecret): Promise<boolean> {
  const has = sql`(select count(*) from ${applicationSecrets} where application = ${one.application})`
  return forgetIfAny(
    context,
    drizzle(context.db)
      .insert(applicationSecrets)
      .select(
        sql`select ${one.id}, ${one.customer}, ${one.application}, ${one.hash}, ${one.sealed}, ${one.createdAt} where ${has} < ${mostSecrets}`,
      )
      .returning({ id: applicationSecrets.id }),
  )
}

/** @returns whether there was one. */
export async function deleteSecret(
  context: Context,
  application: string,
  id: string,
): Promise<boolean> {
  return forgetIfAny(
    context,
    drizzle(context.db)
      .delete(applicationSecrets)
      .where(and(eq(applicationSecrets.application, application), eq(applicationSecrets.id, id)))
      .returning({ id: applicationSecrets.id }),
  )
}
