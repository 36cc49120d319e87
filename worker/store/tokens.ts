/** Tokens in D1, with their subscriptions and verifiers. What an owner's object reads of them: owner.ts. */
import { and, asc, eq, getTableColumns, gt, not, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import {
  passkeys,
  phones,
  serverKeys,
  subscriptions,
  tokens,
  verifiers,
} from '../../schema/tables.ts'
import type { PublicJwk } from '../../schema/jws.ts'
import type { Context } from '../env.ts'
import { forgetWith } from './cache.ts'
import { type Limit, within } from './limits.ts'

export type TokenRow = typeof tokens.$inferSelect
export type TokenType = TokenRow['type']

/** Begun by a login and not finished: no token yet. */
export const isUnfinished = sql`(${tokens.begunByLogin} = 1 and ${tokens.rolloutState} = 'clientwait')`

export type NewToken = typeof tokens.$inferInsert

/** @returns false where the serial is taken, or a limit would be passed. */
export async function insertToken(
  db: D1Database,
  token: NewToken,
  limits: Limit[] = [],
): Promise<boolean> {
  const given = Object.entries(getTableColumns(tokens)).flatMap(([name, column]) => {
    const value = token[name as keyof NewToken]
    return value === undefined ? [] : [{ column, value }]
  })
  const names = given.map(({ column }) => sql.identifier(column.name))
  const values = given.map(({ column, value }) =>
    value === null ? sql`null` : sql`${sql.param(value, column)}`,
  )
  const made = await drizzle(db).all(sql`insert into ${tokens} (${sql.join(names, sql`, `)})
    select ${sql.join(values, sql`, `)} where ${within(limits, token.serial)}
    on conflict do nothing returning serial`)
  return made.length === 1
}

export type TokenChange = Partial<Omit<TokenRow, 'serial' | 'customer' | 'type'>>

export async function updateToken(
  db: D1Database,
  serial: string,
  change: TokenChange,
): Promise<void> {
  if (Object.keys(change).length > 0)
    await drizzle(db).update(tokens).set(change).where(eq(tokens.serial, serial))
}

/** Where nobody set another one meanwhile. */
export async function renewPin(
  db: D1Database,
  { serial, was, pinHash }: { serial: string; was: string; pinHash: string | null },
): Promise<void> {
  await drizzle(db)
    .update(tokens)
    .set({ pinHash })
    .where(and(eq(tokens.serial, serial), eq(tokens.pinHash, was)))
}

/** @returns false where a limit would be passed: nothing is changed then. */
export async function updateWithin(
  db: D1Database,
  serial: string,
  change: TokenChange,
  limits: Limit[],
): Promise<boolean> {
  const changed = await drizzle(db)
    .update(tokens)
    .set(change)
    .where(and(eq(tokens.serial, serial), within(limits, serial)))
    .returning({ serial: tokens.serial })
  return changed.length === 1
}

/**
 * Another owner's from here on; whoever remembered whose it was hears of it.
 * @returns false where a limit would be passed: nothing is changed then.
 */
export async function moveToken(
  context: Context,
  serial: string,
  change: TokenChange,
  limits: Limit[],
): Promise<boolean> {
  const orm = drizzle(context.db)
  const [moved] = (await forgetWith(context, [
    orm
      .update(tokens)
      .set(change)
      .where(and(eq(tokens.serial, serial), within(limits, serial)))
      .returning({ serial: tokens.serial }),
    // Its codes were made for whoever held it: the next one's device gets its own.
    orm
      .delete(tokens)
      .where(
        and(
          eq(tokens.device, serial),
          sql`(select owner_id from ${tokens} moved where moved.serial = ${serial}) <> ${sql.raw('tokens.owner_id')}`,
        ),
      ),
  ])) as [unknown[], unknown]
  return moved.length === 1
}

export const tokensOf = (db: D1Database, ownerId: string): Promise<TokenRow[]> =>
  drizzle(db)
    .select()
    .from(tokens)
    .where(eq(tokens.ownerId, ownerId))
    .orderBy(asc(sql`${tokens}.rowid`))

export async function findToken(db: D1Database, serial: string): Promise<TokenRow | null> {
  const [row] = await drizzle(db).select().from(tokens).where(eq(tokens.serial, serial))
  return row ?? null
}

/** @returns whether there is a token of this serial that is neither disabled nor revoked. */
export async function isInForce(db: D1Database, serial: string): Promise<boolean> {
  const [row] = await drizzle(db)
    .select({ active: tokens.active, revoked: tokens.revoked })
    .from(tokens)
    .where(eq(tokens.serial, serial))
  return row !== undefined && row.active && !row.revoked
}

/** @returns the token as it now stands: a second finish of the same enrolment changes nothing. */
export async function enrolToken(
  db: D1Database,
  serial: string,
  device: {
    publicKey: PublicJwk
    deviceId: string
    deviceName: string
    enrolledAt: number
    heldUntil?: number
    stoppableUntil?: number
  },
): Promise<TokenRow | null> {
  await drizzle(db)
    .update(tokens)
    .set({ ...device, rolloutState: 'enrolled', enrolmentExpiresAt: null })
    .where(and(eq(tokens.serial, serial), eq(tokens.rolloutState, 'clientwait')))
  return findToken(db, serial)
}

/** @returns the codes that this device shows. */
export async function findCodesOf(db: D1Database, device: string): Promise<TokenRow | null> {
  const [row] = await drizzle(db).select().from(tokens).where(eq(tokens.device, device))
  return row ?? null
}

/** @returns whether the person has a token of this type, whatever has become of it. */
export async function hasTokenOf(
  db: D1Database,
  ownerId: string,
  type: TokenType,
): Promise<boolean> {
  const found = await drizzle(db)
    .select({ serial: tokens.serial })
    .from(tokens)
    .where(and(eq(tokens.ownerId, ownerId), eq(tokens.type, type), not(isUnfinished)))
    .limit(1)
  return found.length > 0
}

/** Before another is begun: an abandoned one stands in no limit's way. */
export async function deleteUnfinished(db: D1Database, ownerId: string): Promise<void> {
  await drizzle(db)
    .delete(tokens)
    .where(and(eq(tokens.ownerId, ownerId), isUnfinished))
}

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

/** The first code was right. @returns false where the token has gone meanwhile. */
export async function finishOtp(
  db: D1Database,
  serial: string,
  finished: { counter: number; timeShift: number; enrolledAt: number },
): Promise<boolean> {
  const done = await drizzle(db)
    .update(tokens)
    .set({ ...finished, rolloutState: '', enrolmentExpiresAt: null, failCount: 0 })
    .where(and(eq(tokens.serial, serial), isUnfinished))
    .returning({ serial: tokens.serial })
  return done.length === 1
}

export async function renameDevice(
  db: D1Database,
  serial: string,
  deviceName: string,
): Promise<void> {
  await drizzle(db).update(tokens).set({ deviceName }).where(eq(tokens.serial, serial))
}

/** The token goes, with its codes, its subscription, its verifier, its passkey, its phone and the key that the phone was given. */
export async function deleteToken(context: Context, serial: string): Promise<void> {
  const orm = drizzle(context.db)
  await forgetWith(context, [
    orm.delete(subscriptions).where(eq(subscriptions.serial, serial)),
    orm.delete(verifiers).where(eq(verifiers.serial, serial)),
    orm.delete(passkeys).where(eq(passkeys.serial, serial)),
    orm.delete(phones).where(eq(phones.serial, serial)),
    orm.delete(serverKeys).where(eq(serverKeys.takenBy, serial)),
    orm.delete(tokens).where(eq(tokens.device, serial)),
    orm.delete(tokens).where(eq(tokens.serial, serial)),
  ])
}

export async function putSubscription(
  db: D1Database,
  serial: string,
  subscription: { endpoint: string; p256dh: string; auth: string } | null,
  updatedAt: number,
): Promise<void> {
  const orm = drizzle(db)
  if (!subscription) {
    await orm.delete(subscriptions).where(eq(subscriptions.serial, serial))
    return
  }
  const values = { ...subscription, updatedAt }
  await orm
    .insert(subscriptions)
    .values({ serial, ...values })
    .onConflictDoUpdate({ target: subscriptions.serial, set: values })
}

/** @returns false where the token has one already. */
export async function insertVerifier(
  db: D1Database,
  verifier: typeof verifiers.$inferInsert,
): Promise<boolean> {
  const made = await drizzle(db)
    .insert(verifiers)
    .values(verifier)
    .onConflictDoNothing()
    .returning({ serial: verifiers.serial })
  return made.length === 1
}
