/** Everything that an owner's object keeps of its owner, in one statement: who they are, their tokens, subscriptions and keys. */
import { and, asc, eq, not, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type SQLiteSelect, alias } from 'drizzle-orm/sqlite-core'
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
import { built } from './built.ts'
import { nameKey } from './name-key.ts'
import { type Known, type PersonName, isAskedRealm, isNamed } from './people.ts'
import { byPriority } from './realms.ts'
import { type TokenRow, type TokenType, isUnfinished } from './tokens/row.ts'

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
    /** It answers nothing until then. */
    heldUntil: number | null
    /** Another device let it in lately, or its person added it themselves: any other may stop it until then. */
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
    /** null: any number. */
    countAuthMax: number | null
    countAuthSuccessMax: number | null
    subscription: { endpoint: string; p256dh: string; auth: string } | null
    /** COSE key, base64url. */
    verifier: { credentialId: string; publicKey: string; counter: number } | null
    /** The credential of a passkey; its signature counter is `counter`. */
    passkey: string | null
    /** `web push`, `poll only` or the name of an FCM configuration. */
    pushConfiguration: string | null
    /** Held by the privacyIDEA app, and asked in its own words. null: our own app, or no push token. */
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

/** Whose person is no longer in the realm of a token has none: the realm is the token's, whatever realm they were looked for in. */
const member = alias(realmResolvers, 'member')

/** From `tokens` and `people`, however these were found. */
const joined = <Q extends SQLiteSelect>(query: Q) =>
  query
    .leftJoin(subscriptions, eq(subscriptions.serial, tokens.serial))
    .leftJoin(verifiers, eq(verifiers.serial, tokens.serial))
    .leftJoin(passkeys, eq(passkeys.serial, tokens.serial))
    .leftJoin(phones, eq(phones.serial, tokens.serial))
    .leftJoin(serverKeys, eq(serverKeys.id, phones.serverKey))
    .leftJoin(accounts, eq(accounts.id, tokens.account))
    .leftJoin(
      member,
      and(
        eq(member.customer, people.customer),
        eq(member.resolver, people.resolver),
        eq(member.realm, tokens.realm),
      ),
    )

const selected = {
  token: tokens,
  subscription: subscriptions,
  verifier: verifiers,
  passkey: { credentialId: passkeys.credentialId },
  phone: phones,
  serverKey: { id: serverKeys.id, privateKey: serverKeys.privateKey },
  person: people,
  member,
  administrator: { id: accounts.id, username: accounts.username },
}
const inOrder = asc(sql`${tokens}.rowid`)

const owned = built((db) =>
  joined(
    drizzle(db)
      .select(selected)
      .from(tokens)
      .leftJoin(people, eq(people.id, tokens.person))
      .where(and(eq(tokens.ownerId, sql.placeholder('ownerId')), not(isUnfinished)))
      .orderBy(inOrder)
      .$dynamic(),
  ).prepare(),
)

/** The query of a login that nobody remembers: an index for each step, which a test holds. */
export const lookUpWithTokens = built((db) =>
  joined(
    drizzle(db)
      .select(selected)
      .from(realmResolvers)
      .innerJoin(people, isNamed)
      .leftJoin(tokens, and(eq(tokens.person, people.id), not(isUnfinished)))
      .where(isAskedRealm)
      .orderBy(...byPriority, inOrder)
      .$dynamic(),
  ).prepare(),
)

type Row = Awaited<ReturnType<ReturnType<typeof owned>['execute']>>[number]

/** An owner without tokens is empty. */
export const readOwner = async (db: D1Database, ownerId: string): Promise<OwnerRead> =>
  read(await owned(db).execute({ ownerId }))

/** Who a name in a realm is, and of whichever owner they are there what `readOwner` would have found. */
export async function readNamed(
  db: D1Database,
  { customer, realm, username }: PersonName,
): Promise<{ person: Known; owned(ownerId: string): OwnerRead } | null> {
  const asked = { customer, realm: nameKey(realm), username: nameKey(username) }
  const rows = await lookUpWithTokens(db).execute(asked)
  const [first] = rows
  if (!first) return null
  const { id, resolver, username: written } = first.person
  return {
    person: { id, resolver, username: written },
    // They have an owner in each realm, and another resolver may have another of their name.
    owned: (ownerId) =>
      read(
        rows.flatMap((row) =>
          row.token?.ownerId === ownerId ? [{ ...row, token: row.token }] : [],
        ),
      ),
  }
}

function read(found: Row[]): OwnerRead {
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
