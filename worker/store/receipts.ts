/** Receipts of approvals, as the outbox wrote them. */
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { receipts } from '../../schema/tables.ts'

type Key = Pick<typeof receipts.$inferSelect, 'customer' | 'at' | 'transactionHash'>
type Parts = Pick<typeof receipts.$inferSelect, 'kid' | 'claims' | 'signature'>

export async function findReceipt(
  db: D1Database,
  { customer, at, transactionHash }: Key,
): Promise<Parts | null> {
  const { kid, claims, signature } = receipts
  const [found] = await drizzle(db)
    .select({ kid, claims, signature })
    .from(receipts)
    .where(
      and(
        eq(receipts.customer, customer),
        eq(receipts.at, at),
        eq(receipts.transactionHash, transactionHash),
      ),
    )
  return found ?? null
}
