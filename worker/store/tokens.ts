/** Tokens in D1, with their subscriptions and the person they belong to. */
import { and, asc, eq, getTableColumns, gt, not, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import {
  accounts,
  passkeys,
  people,
  phones,
  realmResolvers,
  serverKeys,
  subscriptions,
  tokens,
  verifiers,
} from '../../schema/tables.ts'
import type { PublicJwk } from '../../schema/jws.ts'
import type { Context } from '../env.ts'
import { built } from './built.ts'
import { forgetWith } from './cache.ts'
import { type Limit, within } from './limits.ts'

export type TokenRow = typeof tokens.$inferSelect
export type TokenType = TokenRow['type']

export type OwnerRead = {
  person: { id: string; username: string; realm: string } | null
  /** null: no tokens. */
  customer: string | null
  account: string
  tokens: {
    serial: string
    type: TokenType
    /** Of a device's own codes: the device, which all else below has been seen together with. */
    device: string | null
    heldUntil: number | null
    stoppableUntil: number | null
    description: string
    active: boolean
    revoked: boolean
    enrolled: boolean
    deviceId: string | null
    deviceName: string
    pinHash: string | null
    failCount: number
    maxFailCount: number
    validFrom: number | null
    validUntil: number | null
    /** null: no one-time passwords. The seed is sealed. */
    otp:
      | ({ seed: string; length: number } & Pick<
          TokenRow,
          'hashlib' | 'timeStep' | 'timeWindow' | 'countWindow' | 'syncWindow'
        >)
      | null
    counter: number
    timeShift: number
    lastAuthAt: number | null
    countAuth: number
    countAuthSuccess: number
    countAuthMax: number | null
    countAuthSuccessMax: number | null
    subscription: { endpoint: string; p256dh: string; auth: string } | null
    verifier: { credentialId: string; publicKey: string; counter: number } | null
    /** The credential of a passkey; its signature counter is `counter`. */
    passkey: string | null
    /** `web push`, `poll only` or the name of an FCM configuration. */
    pushConfiguration: string | null
    /** A stock phone. null: our own app, or no push token. */
    phone: {
      /** SPKI, base64, as the phone sent it. */
      key: string
      /** Ours; the private half is sealed. */
      serverKey: { id: string; privateKey: string }
      /** '' where it only polls. */
      fbtoken: string
      capabilities: string[]
      /** Where policy leaves it to the token. */
      mayPoll: boolean
    } | null
  }[]
}

/** Begun by a login and not finished: no token yet. */
const isUnfinished = sql`(${tokens.begunByLogin} = 1 and ${tokens.rolloutState} = 'clientwait')`

const owned = built((db) =>
  drizzle(db)
    .select({
      token: tokens,
      subscription: subscriptions,
      verifier: verifiers,
      passkey: { credentialId: passkeys.credentialId },
      phone: phones,
      serverKey: { id: serverKeys.id, privateKey: serverKeys.privateKey },
      person: people,
      member: realmResolvers,
      administrator: { id: accounts.id, username: accounts.username },
    })
    .from(tokens)
    .leftJoin(subscriptions, eq(subscriptions.serial, tokens.serial))
    .leftJoin(verifiers, eq(verifiers.serial, tokens.serial))
    .leftJoin(passkeys, eq(passkeys.serial, tokens.serial))
    .leftJoin(phones, eq(phones.serial, tokens.serial))
    .leftJoin(serverKeys, eq(serverKeys.id, phones.serverKey))
    .leftJoin(people, eq(people.id, tokens.person))
    .leftJoin(accounts, eq(accounts.id, tokens.account))
    .leftJoin(
      realmResolvers,
      and(
        eq(realmResolvers.customer, people.customer),
        eq(realmResolvers.resolver, people.resolver),
        eq(realmResolvers.realm, tokens.realm),
      ),
    )
    .where(and(eq(tokens.ownerId, sql.placeholder('ownerId')), not(isUnfinished)))
    .orderBy(asc(sql`${tokens}.rowid`))
    .prepare(),
)

/** Everything an owner's object keeps, in one statement. An owner without tokens is empty. */
export async function readOwner(db: D1Database, ownerId: string): Promise<OwnerRead> {
  const found = await owned(db).execute({ ownerId })
  const person = found[0]?.person ?? null
  return {
    customer: found[0]?.token.customer ?? null,
    person: person && {
      id: person.id,
      username: person.username,
      realm: found[0]?.token.realm ?? '',
    },
    account: person
      ? accountOf(person)
      : found[0]?.administrator?.username ||
        found[0]?.token.description ||
        found[0]?.token.serial ||
        '',
    tokens: withDevices(
      found.map(({ token, subscription, verifier, passkey, phone, serverKey, ...alive }) => ({
        serial: token.serial,
        type: token.type,
        device: token.device,
        heldUntil: token.heldUntil,
        stoppableUntil: token.stoppableUntil,
        description: token.description,
        // Whose person is gone, or no longer in the realm, is good for nothing.
        active:
          token.active &&
          (token.person === null || alive.member !== null) &&
          (token.account === null || alive.administrator !== null),
        revoked: token.revoked,
        enrolled: token.rolloutState === 'enrolled',
        deviceId: token.deviceId,
        deviceName: token.deviceName,
        pinHash: token.pinHash,
        failCount: token.failCount,
        maxFailCount: token.maxFailCount,
        validFrom: token.validFrom,
        validUntil: token.validUntil,
        otp: otpOf(token),
        counter: token.counter,
        timeShift: token.timeShift,
        lastAuthAt: token.lastAuthAt,
        countAuth: token.countAuth,
        countAuthSuccess: token.countAuthSuccess,
        countAuthMax: token.countAuthMax,
        countAuthSuccessMax: token.countAuthSuccessMax,
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
        passkey: passkey?.credentialId ?? null,
        pushConfiguration: token.pushConfiguration,
        phone:
          phone && serverKey
            ? {
                key: phone.publicKey,
                serverKey,
                fbtoken: phone.fbtoken,
                capabilities: phone.capabilities,
                mayPoll: !/^(false|0|no)$/i.test(token.info.polling_allowed ?? ''),
              }
            : null,
      })),
    ),
  }
}

/** A device's codes are worth what the device is, and nothing where it is gone. They stand before it, because plugins read the last. */
function withDevices(found: OwnerRead['tokens']): OwnerRead['tokens'] {
  const codes = found.flatMap((token) => {
    if (token.device === null) return []
    const device = found.find(({ serial }) => serial === token.device)
    return {
      ...token,
      active: token.active && device?.active === true && device.enrolled,
      revoked: token.revoked || device?.revoked === true,
      pinHash: token.pinHash ?? device?.pinHash ?? null,
      heldUntil: later(token.heldUntil, device?.heldUntil ?? null),
      validFrom: later(token.validFrom, device?.validFrom ?? null),
      validUntil: sooner(token.validUntil, device?.validUntil ?? null),
    }
  })
  return codes.length === 0 ? found : [...codes, ...found.filter(({ device }) => device === null)]
}

const later = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.max(one, other)
const sooner = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other)

const otpOf = (token: TokenRow): OwnerRead['tokens'][number]['otp'] =>
  token.seed === null
    ? null
    : {
        seed: token.seed,
        length: token.otpLength,
        hashlib: token.hashlib,
        timeStep: token.timeStep,
        timeWindow: token.timeWindow,
        countWindow: token.countWindow,
        syncWindow: token.syncWindow,
      }

/** What a person recognises as theirs. */
export const accountOf = (person: { email: string; username: string }): string =>
  person.email || person.username

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
