/** Owners that were asked something lately: the audit trail knows them by their tokens. */
import { and, desc, eq, gte, isNull, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { audit, tokens } from '../../schema/tables.ts'

/** Their objects are asked one by one: a list is no reason to wake more. */
const most = 500
/** Of the trail: however busy it is, only its newest entries are looked at. */
const mostLookedAt = 10_000

export async function ownersLately(
  db: D1Database,
  customer: string,
  since: number,
): Promise<string[]> {
  const orm = drizzle(db)
  const newest = orm
    .select({ at: audit.at, action: audit.action, serial: audit.serial })
    .from(audit)
    .where(and(eq(audit.customer, customer), gte(audit.at, since)))
    .orderBy(desc(audit.at))
    .limit(mostLookedAt)
    .as('newest')
  // The trail names the tokens of one trigger with commas between.
  const first = sql`substr(${newest.serial}, 1, instr(${newest.serial} || ',', ',') - 1)`
  const found = await orm
    .select({ ownerId: tokens.ownerId })
    .from(newest)
    .innerJoin(tokens, and(eq(tokens.serial, first), sql`+${tokens.customer} = ${customer}`))
    .where(and(eq(newest.action, 'trigger'), isNull(tokens.account)))
    .groupBy(tokens.ownerId)
    .orderBy(desc(sql`max(${newest.at})`))
    .limit(most)
  return found.map(({ ownerId }) => ownerId)
}
