/** How pushes went, newest first. */
import { and, desc, eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { deliveries } from '../../schema/tables.ts'

export type DeliveryRow = typeof deliveries.$inferSelect

export async function readDeliveries(
  db: D1Database,
  customer: string,
  { serial, limit }: { serial?: string; limit: number },
): Promise<DeliveryRow[]> {
  return (
    drizzle(db)
      .select()
      .from(deliveries)
      .where(
        serial
          ? // A plus: by the token's index and not by the customer's key.
            and(eq(deliveries.serial, serial), sql`+${deliveries.customer} = ${customer}`)
          : eq(deliveries.customer, customer),
      )
      // A plus: a token's are found by its own index and sorted, all of the customer's are in this order already.
      .orderBy(serial ? sql`+${deliveries.at} desc` : desc(deliveries.at), desc(deliveries.number))
      .limit(limit)
  )
}
