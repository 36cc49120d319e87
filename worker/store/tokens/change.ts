/** Changes what a token is, with the owner that it has. */
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { tokens } from '../../../schema/tables.ts'
import { type Limit, within } from '../limits.ts'
import type { TokenChange } from './row.ts'

export async function updateToken(
  db: D1Database,
  serial: string,
  change: TokenChange,
): Promise<void> {
  if (Object.keys(change).length > 0)
    await drizzle(db).update(tokens).set(change).where(eq(tokens.serial, serial))
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

export async function renameDevice(
  db: D1Database,
  serial: string,
  deviceName: string,
): Promise<void> {
  await drizzle(db).update(tokens).set({ deviceName }).where(eq(tokens.serial, serial))
}
