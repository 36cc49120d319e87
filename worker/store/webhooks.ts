/** Where applications want to be told, in D1. Whether there is such a place at all is read with the application (accounts.ts). */
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { webhooks } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { forgetIfAny, forgetWith, remembered } from './cache.ts'

export type Webhook = typeof webhooks.$inferSelect

/** More are a mistake. */
export const mostWebhooks = 5

/** What a secret of it is sealed for. */
export const sealedBy = (id: string): string => `webhook/${id}`

export async function readWebhooks(context: Context, customer: string): Promise<Webhook[]> {
  const found = await remembered(context, `webhooks/${customer}`, () =>
    drizzle(context.db).select().from(webhooks).where(eq(webhooks.customer, customer)),
  )
  return found ?? []
}

/** Of D1 itself: the object that sends must not send to one that was taken back. */
export const webhooksOf = (context: Context, application: string): Promise<Webhook[]> =>
  drizzle(context.db).select().from(webhooks).where(eq(webhooks.application, application))

export async function insertWebhook(context: Context, webhook: Webhook): Promise<void> {
  await forgetWith(context, [drizzle(context.db).insert(webhooks).values(webhook)])
}

export async function changeWebhook(
  context: Context,
  { id, application }: Pick<Webhook, 'id' | 'application'>,
  changed: Partial<Pick<Webhook, 'secret' | 'previousSecret' | 'previousUntilAt' | 'active'>>,
): Promise<void> {
  await forgetWith(context, [
    drizzle(context.db)
      .update(webhooks)
      .set(changed)
      .where(and(eq(webhooks.application, application), eq(webhooks.id, id))),
  ])
}

/** Nobody is there any more. */
export async function switchOff(context: Context, id: string): Promise<void> {
  await forgetWith(context, [
    drizzle(context.db).update(webhooks).set({ active: false }).where(eq(webhooks.id, id)),
  ])
}

/** @returns whether there was one. */
export async function deleteWebhook(
  context: Context,
  application: string,
  id: string,
): Promise<boolean> {
  return forgetIfAny(
    context,
    drizzle(context.db)
      .delete(webhooks)
      .where(and(eq(webhooks.application, application), eq(webhooks.id, id)))
      .returning({ id: webhooks.id }),
  )
}
