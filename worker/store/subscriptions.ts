/** Where a device's browser takes pushes. */
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { subscriptions } from '../../schema/tables.ts'

export async function putSubscription(
  db: D1Database,
  serial: string,
  subscription: { endpoint: string; p256dh: string; auth: string } | null,
  updatedAt: number,
): Promise<void> {
  const orm = drizzle(db)
  if (!subscription) {
    await orm.delete(subscriptions).where(eq(subscriptions.serial, serial))
    return
  }
  const values = { ...subscription, updatedAt }
  await orm
    .insert(subscriptions)
    .values({ serial, ...values })
    .onConflictDoUpdate({ target: subscriptions.serial, set: values })
}
