/** Stock phones in D1: who holds one, and what they brought when they enrolled. */
import { and, eq, lt } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { people, phones, serverKeys, tokens } from '../../schema/tables.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import type { Context } from '../env.ts'
import { remembered } from './cache.ts'

export type Phone = {
  ownerId: OwnerId
  /** SPKI, base64, as it came. */
  key: string
  /** For the policies. */
  about: { user?: string; realm?: string; resolver?: string }
}

/**
 * All that a stock phone says of itself is its serial: this is the one read that finds its owner and its key. The owner's object
 * looks again, so what is remembered too long opens nothing.
 */
export const phoneNamed = (
  context: Context,
  customer: string,
  serial: string,
): Promise<Phone | null> =>
  remembered(context, `phone/${customer}/${serial}`, async () => {
    const [row] = await drizzle(context.db)
      .select({
        ownerId: tokens.ownerId,
        realm: tokens.realm,
        username: people.username,
        resolver: people.resolver,
        key: phones.publicKey,
      })
      .from(tokens)
      .innerJoin(phones, eq(phones.serial, tokens.serial))
      .leftJoin(people, eq(people.id, tokens.person))
      .where(and(eq(tokens.serial, serial), eq(tokens.customer, customer)))
    if (!row) return null
    const about = {
      ...(row.realm !== null && { realm: row.realm }),
      ...(row.username !== null && { user: row.username }),
      ...(row.resolver !== null && { resolver: row.resolver }),
    }
    return { ownerId: row.ownerId as OwnerId, key: row.key, about }
  })

export type NewPhone = typeof phones.$inferInsert

/** @returns our key for it: that of the first call, where the same phone finishes twice at once. */
export async function enrolPhone(
  db: D1Database,
  phone: NewPhone,
  enrolled: { deviceName: string; enrolledAt: number },
): Promise<{ serverKey: string } | null> {
  const orm = drizzle(db)
  await orm.batch([
    orm.insert(phones).values(phone).onConflictDoNothing(),
    orm
      .update(tokens)
      .set({ ...enrolled, rolloutState: 'enrolled', enrolmentExpiresAt: null })
      .where(and(eq(tokens.serial, phone.serial), eq(tokens.rolloutState, 'clientwait'))),
  ])
  const [row] = await orm
    .select({ serverKey: serverKeys.publicKey })
    .from(phones)
    .innerJoin(serverKeys, eq(serverKeys.id, phones.serverKey))
    .where(and(eq(phones.serial, phone.serial), eq(phones.publicKey, phone.publicKey)))
  return row ?? null
}

/** @returns false where this update is not newer than the last one. */
export async function setFbtoken(
  db: D1Database,
  serial: string,
  { fbtoken, fbtokenAtMs }: { fbtoken: string; fbtokenAtMs: number },
): Promise<boolean> {
  const changed = await drizzle(db)
    .update(phones)
    .set({ fbtoken, fbtokenAtMs })
    .where(and(eq(phones.serial, serial), lt(phones.fbtokenAtMs, fbtokenAtMs)))
    .returning({ serial: phones.serial })
  return changed.length === 1
}
