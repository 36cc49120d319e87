/** Looks tokens up: by serial, by owner. */
import { and, asc, eq, not, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { tokens } from '../../../schema/tables.ts'
import { type TokenRow, type TokenType, isUnfinished } from './row.ts'

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
