/** How pushes went, newest first. */
import { and, desc, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { deliveries } from '../../schema/tables.ts'

export type DeliveryRow = typeof deliveries.$inferSelect

export async function readDeliveries(
  db: D1Database,
  customer: string,
  { serial, limit }: { serial?: string; limit: number },
): Promise<DeliveryRow[]> {
  return drizzle(db)
    .select()
    .from(deliveries)
    .where(
      and(eq(deliveries.customer, customer), serial ? eq(deliveries.serial, serial) : undefined),
    )
    .orderBy(desc(deliveries.at))
    .limit(limit)
}
