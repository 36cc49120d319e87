/** The directory of customers, in the first database: which database each of them lives in. */
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { customers } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { remembered } from './cache.ts'
import { inDatabase } from './databases.ts'

/** Of a fresh deployment; whoever says no other is of this one. It lives in the first database. */
export const defaultCustomer = 'default'

/** @returns the request as one about that customer, or null where there is no such customer. */
export async function aboutCustomer(context: Context, customer: string): Promise<Context | null> {
  const first = inDatabase(context, 0) ?? context
  if (customer === defaultCustomer) return first
  const found = await remembered(first, `customer/${customer}`, async () => {
    const [row] = await drizzle(first.db)
      .select({ database: customers.database })
      .from(customers)
      .where(eq(customers.id, customer))
    return row ?? null
  })
  return found && inDatabase(context, found.database)
}
