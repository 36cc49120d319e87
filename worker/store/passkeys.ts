/** Passkeys in D1: found by what the authenticator shows, of one customer alone. */
import { and, eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { passkeys, tokens } from '../../schema/tables.ts'

export type NewPasskey = typeof passkeys.$inferInsert
export type Passkey = { serial: string; credentialId: string; publicKey: string }

/** @returns what a credential's signature is checked with, or null where this customer has none of this id. */
export async function findPasskey(
  db: D1Database,
  customer: string,
  credentialId: string,
): Promise<Passkey | null> {
  const [row] = await drizzle(db)
    .select({
      serial: passkeys.serial,
      credentialId: passkeys.credentialId,
      publicKey: passkeys.publicKey,
    })
    .from(passkeys)
    .where(and(eq(passkeys.customer, customer), eq(passkeys.credentialId, credentialId)))
  return row ?? null
}

/** @returns the ids of an owner's credentials, so that no authenticator is asked for another. */
export async function credentialsOf(db: D1Database, ownerId: string): Promise<string[]> {
  const rows = await drizzle(db)
    .select({ credentialId: passkeys.credentialId })
    .from(tokens)
    .innerJoin(passkeys, eq(passkeys.serial, tokens.serial))
    .where(eq(tokens.ownerId, ownerId))
  return rows.map(({ credentialId }) => credentialId)
}

const waits = (serial: string) =>
  and(
    eq(tokens.serial, serial),
    eq(tokens.type, 'passkey'),
    eq(tokens.rolloutState, 'clientwait'),
    eq(tokens.revoked, false),
  )

/** Before another is begun: one that nobody finished stands in no limit's way. */
export async function deleteUnfinishedPasskeys(db: D1Database, ownerId: string): Promise<void> {
  await drizzle(db)
    .delete(tokens)
    .where(
      and(
        eq(tokens.ownerId, ownerId),
        eq(tokens.type, 'passkey'),
        eq(tokens.rolloutState, 'clientwait'),
      ),
    )
}

export type Finished = 'finished' | 'known' | 'not_waiting'

/** The token that waits gets its credential, once. `known`: this customer has a credential of this id. */
export async function finishPasskey(
  db: D1Database,
  { serial, ...passkey }: NewPasskey,
  counter: number,
): Promise<Finished> {
  const orm = drizzle(db)
  const { customer, credentialId, publicKey, isSynced, createdAt } = passkey
  const [waiting, , finished] = await orm.batch([
    orm.select({ serial: tokens.serial }).from(tokens).where(waits(serial)),
    // Its columns, in the order of the table.
    orm
      .insert(passkeys)
      .select(
        sql`select ${serial}, ${customer}, ${credentialId}, ${publicKey}, ${isSynced ? 1 : 0}, ${createdAt}
          where exists (select 1 from ${tokens} where ${waits(serial)})`,
      )
      .onConflictDoNothing(),
    orm
      .update(tokens)
      .set({ rolloutState: 'enrolled', enrolledAt: createdAt, enrolmentExpiresAt: null, counter })
      .where(
        and(
          waits(serial),
          sql`exists (select 1 from ${passkeys} where ${passkeys.serial} = ${serial})`,
        ),
      )
      .returning({ serial: tokens.serial }),
  ])
  if (finished.length === 1) return 'finished'
  return waiting.length === 1 ? 'known' : 'not_waiting'
}
