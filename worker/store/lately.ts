/** Owners that were asked something lately: the audit trail knows them by their tokens. */
import { and, desc, eq, gte, isNull, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { audit, tokens } from '../../schema/tables.ts'

/** Their objects are asked one by one: a list is no reason to wake more. */
const most = 500

export async function ownersLately(
  db: D1Database,
  customer: string,
  since: number,
): Promise<string[]> {
  // The trail names the tokens of one trigger with commas between.
  const first = sql`substr(${audit.serial}, 1, instr(${audit.serial} || ',', ',') - 1)`
  const found = await drizzle(db)
    .select({ ownerId: tokens.ownerId })
    .from(audit)
    .innerJoin(tokens, and(eq(tokens.customer, audit.customer), eq(tokens.serial, first)))
    .where(
      and(
        eq(audit.customer, customer),
        gte(audit.at, since),
        eq(audit.action, 'trigger'),
        isNull(tokens.account),
      ),
    )
    .groupBy(tokens.ownerId)
    .orderBy(desc(sql`max(${audit.at})`))
    .limit(most)
  return found.map(({ ownerId }) => ownerId)
}
