/** The end of an enrolment: a device has shown its key, or a person their first code; or nobody came. */
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import type { PublicJwk } from '../../../schema/jws.ts'
import { tokens } from '../../../schema/tables.ts'
import { type TokenRow, isUnfinished } from './row.ts'
import { findToken } from './find.ts'

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

/** Before another is begun: an abandoned one stands in no limit's way. */
export async function deleteUnfinished(db: D1Database, ownerId: string): Promise<void> {
  await drizzle(db)
    .delete(tokens)
    .where(and(eq(tokens.ownerId, ownerId), isUnfinished))
}
