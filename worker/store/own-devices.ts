/** Push subscriptions and the latest attempts of an owner's devices, for the page where they see to them. */
import { inArray } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { subscriptions } from '../../schema/tables.ts'
import { readDeliveries } from './deliveries.ts'

/** More devices than that nobody looks through. */
const most = 50

export type PushHealth = { isSubscribed: boolean; outcome: string | null; at: number | null }

/** @returns by serial, whether it is subscribed and how the last push to it went. */
export async function pushHealth(
  db: D1Database,
  customer: string,
  serials: string[],
): Promise<Map<string, PushHealth>> {
  const asked = serials.slice(0, most)
  if (asked.length === 0) return new Map()
  const subscribed = await drizzle(db)
    .select({ serial: subscriptions.serial })
    .from(subscriptions)
    .where(inArray(subscriptions.serial, asked))
  const rows = await Promise.all(
    asked.map(async (serial) => {
      const [last] = await readDeliveries(db, customer, { serial, limit: 1 })
      const isSubscribed = subscribed.some((row) => row.serial === serial)
      return [
        serial,
        { isSubscribed, outcome: last?.outcome ?? null, at: last?.at ?? null },
      ] as const
    }),
  )
  return new Map(rows)
}
