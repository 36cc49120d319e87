/** Tokens in D1, with their subscriptions and the person they belong to. */
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { people, subscriptions, tokens, verifiers } from '../../schema/tables.ts'
import type { PublicJwk } from '../../schema/jws.ts'
import type { Context } from '../env.ts'
import { forgetWith } from './cache.ts'

export type TokenRow = typeof tokens.$inferSelect

export type OwnerRead = {
  person: { id: string; username: string; realm: string } | null
  account: string
  tokens: {
    serial: string
    description: string
    active: boolean
    revoked: boolean
    enrolled: boolean
    deviceId: string | null
    deviceName: string
    pinHash: string | null
    failCount: number
    maxFailCount: number
    subscription: { endpoint: string; p256dh: string; auth: string } | null
    verifier: { credentialId: string; publicKey: string; counter: number } | null
  }[]
}

/** Everything an owner's object keeps, in one statement. An owner without tokens is empty. */
export async function readOwner(db: D1Database, ownerId: string): Promise<OwnerRead> {
  const found = await drizzle(db)
    .select({ token: tokens, subscription: subscriptions, verifier: verifiers, person: people })
    .from(tokens)
    .leftJoin(subscriptions, eq(subscriptions.serial, tokens.serial))
    .leftJoin(verifiers, eq(verifiers.serial, tokens.serial))
    .leftJoin(people, eq(people.id, tokens.person))
    .where(eq(tokens.ownerId, ownerId))
  const person = found[0]?.person ?? null
  return {
    person: person && { id: person.id, username: person.username, realm: person.realm },
    account: person
      ? accountOf(person)
      : found[0]?.token.description || found[0]?.token.serial || '',
    tokens: found.map(({ token, subscription, verifier }) => ({
      serial: token.serial,
      description: token.description,
      active: token.active,
      revoked: token.revoked,
      enrolled: token.rolloutState === 'enrolled',
      deviceId: token.deviceId,
      deviceName: token.deviceName,
      pinHash: token.pinHash,
      failCount: token.failCount,
      maxFailCount: token.maxFailCount,
      subscription: subscription && {
        endpoint: subscription.endpoint,
        p256dh: subscription.p256dh,
        auth: subscription.auth,
      },
      verifier: verifier && {
        credentialId: verifier.credentialId,
        publicKey: verifier.publicKey,
        counter: verifier.counter,
      },
    })),
  }
}

/** What a person recognises as theirs. */
export const accountOf = (person: { email: string; username: string }): string =>
  person.email || person.username

export type NewToken = Pick<
  TokenRow,
  | 'serial'
  | 'customer'
  | 'ownerId'
  | 'person'
  | 'realm'
  | 'description'
  | 'pinHash'
  | 'createdAt'
  | 'enrolmentExpiresAt'
>

export async function insertToken(db: D1Database, token: NewToken): Promise<void> {
  await drizzle(db)
    .insert(tokens)
    .values({ ...token, type: 'push', rolloutState: 'clientwait' })
}

export async function findToken(db: D1Database, serial: string): Promise<TokenRow | null> {
  const [row] = await drizzle(db).select().from(tokens).where(eq(tokens.serial, serial))
  return row ?? null
}

/** @returns the token as it now stands: a second finish of the same enrolment changes nothing. */
export async function enrolToken(
  db: D1Database,
  serial: string,
  device: { publicKey: PublicJwk; deviceId: string; deviceName: string; enrolledAt: number },
): Promise<TokenRow | null> {
  await drizzle(db)
    .update(tokens)
    .set({ ...device, rolloutState: 'enrolled', enrolmentExpiresAt: null })
    .where(and(eq(tokens.serial, serial), eq(tokens.rolloutState, 'clientwait')))
  return findToken(db, serial)
}

export async function renameDevice(
  db: D1Database,
  serial: string,
  deviceName: string,
): Promise<void> {
  await drizzle(db).update(tokens).set({ deviceName }).where(eq(tokens.serial, serial))
}

/** The device left: its token and its subscription go. */
export async function deleteToken(context: Context, serial: string): Promise<void> {
  const orm = drizzle(context.env.DB)
  await forgetWith(context, [
    orm.delete(subscriptions).where(eq(subscriptions.serial, serial)),
    orm.delete(verifiers).where(eq(verifiers.serial, serial)),
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
