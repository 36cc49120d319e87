/** Stops a device that was added lately. */
import { and, eq, gt, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { tokens } from '../../../schema/tables.ts'

/** A device that was added too long ago, or is none of this owner's, is left as it is. @returns whether it was stopped. */
export async function stopAdded(
  db: D1Database,
  { ownerId, serial, now }: { ownerId: string; serial: string; now: number },
): Promise<boolean> {
  const orm = drizzle(db)
  const added = and(
    eq(tokens.serial, serial),
    eq(tokens.ownerId, ownerId),
    gt(tokens.stoppableUntil, now),
    eq(tokens.revoked, false),
  )
  const [, stopped] = await orm.batch([
    // Those that were to go for it stay.
    orm
      .update(tokens)
      .set({ validUntil: null })
      .where(
        and(
          eq(tokens.ownerId, ownerId),
          eq(tokens.type, 'push'),
          sql`${tokens.validUntil} = (select added.held_until from ${tokens} added where added.serial = ${serial}
            and added.owner_id = ${ownerId} and added.stoppable_until > ${now} and added.revoked = 0)`,
        ),
      ),
    orm
      .update(tokens)
      .set({ active: false, revoked: true })
      .where(added)
      .returning({ serial: tokens.serial }),
  ])
  return stopped.length === 1
}
