/** Finds whose object a request is about: a person by name, or the owner of a token by its serial. */
import { type Owner, ownerIdOf } from '../crypto/owner.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import type { Context } from '../env.ts'
import { refuse } from '../problem.ts'
import { remembered } from '../store/cache.ts'
import { isStillThere, readSightOf, sightOf } from '../people/find.ts'
import { nameKey } from '../store/name-key.ts'
import { readNamed } from '../store/owner.ts'
import { type PersonName, findPerson, readPersonIn, rememberedPerson } from '../store/people.ts'
import { realmNamed } from '../store/realms.ts'
import { findToken } from '../store/tokens/find.ts'
import type { Address, Seen } from './desk/desk.ts'

export type Named = { user: string; realm: string; serial: string }
export type Whose = {
  address: Address
  serials?: string[]
  /** Where nobody remembered who they are: what else was read with it, which saves their object the reading. */
  seen?: Seen
  /** null: a token's that nobody owns, or nobody at all. */
  person: string | null
  /** For the policies: as far as the request names anyone. */
  about: { user?: string; realm?: string; resolver?: string }
}
/** missing: nobody is called so. The address is that of whoever would be, whose object knows nothing. */
export type Sought = Whose & {
  missing: 'user_not_found' | 'serial_not_found' | null
  /** Missing, because their directory lets them in nowhere: what policies say of strangers is not about them. */
  barred?: true
}

/**
 * How names are looked up. with tokens: for who goes on to the owner's object. afresh: D1 is read for every name, known or not, so
 * that neither can be told from the other by what it costs; for callers who may not know.
 */
export type Seeking = 'by name' | 'with tokens' | 'afresh'

/** @throws Refusal user_or_serial_needed */
export async function seek(
  context: Context,
  customer: string,
  { user, realm, serial }: Named,
  how: Seeking = 'by name',
): Promise<Sought> {
  if (user !== '') {
    const found = await personNamed(context, customer, { user, realm }, how)
    return serial === '' ? found : { ...found, serials: [serial] }
  }
  if (serial === '') refuse({ reason: 'user_or_serial_needed' })
  const owner =
    how === 'afresh'
      ? await readOwnerOfSerial(context, customer, serial, true)
      : await ownerOfSerial(context, customer, serial)
  if (owner && (await mayStill(context, owner)))
    return { ...owner, serials: [serial], missing: null }
  const address = await nobody(context, customer, { name: serial, realm: '' })
  return { address, serials: [serial], person: null, about: {}, missing: 'serial_not_found' }
}

/** As `seek`, but null for a serial that is no token's: privacyIDEA's trigger says 0 then. @throws Refusal user_not_found */
export async function whoseOrNobody(
  context: Context,
  customer: string,
  given: Named,
): Promise<Whose | null> {
  const sought = await seek(context, customer, given, 'with tokens')
  if (sought.missing === 'user_not_found') refuse({ reason: 'user_not_found' })
  return sought.missing ? null : sought
}

/** A token of somebody who has left their directory, or is barred there, is as good as none. */
async function mayStill(context: Context, { person: id }: Whose): Promise<boolean> {
  const person = id === null ? null : await rememberedPerson(context, id)
  return person === null || isStillThere(context, person)
}

async function nobody(
  context: Context,
  customer: string,
  { name, realm }: { name: string; realm: string },
): Promise<Address> {
  const owner: Owner = { kind: 'nobody', customer, name: nameKey(name), realm: nameKey(realm) }
  return { ownerId: await ownerIdOf(context.deployment.master, owner, context.database), customer }
}

async function personNamed(
  context: Context,
  customer: string,
  asked: { user: string; realm: string },
  how: Seeking,
): Promise<Sought> {
  const { username, realm } = await splitRealm(context, customer, asked.user, asked.realm)
  const name = { customer, realm: realm ?? asked.realm, username }
  const reading = withTokens()
  const sight =
    how === 'afresh'
      ? await readSightOf(context, name)
      : realm && (await sightOf(context, name, how === 'with tokens' ? reading.read : readPersonIn))
  const person = sight ? sight.person : null
  if (realm && person) {
    const ownerId = await (how === 'afresh' ? personOwner : rememberedOwner)(
      context,
      customer,
      realm,
      person.id,
    )
    return {
      address: { ownerId, customer },
      ...reading.seen(ownerId),
      person: person.id,
      // As their resolver writes it: a policy about them is not evaded by another name that they answer to.
      about: { user: person.username, realm, resolver: person.resolver },
      missing: null,
    }
  }
  return {
    address: await nobody(context, customer, { name: username, realm: name.realm }),
    person: null,
    about: { user: username, ...(realm && { realm }) },
    missing: 'user_not_found',
    ...(sight && sight.barred && { barred: true }),
  }
}

/** Reads their tokens in the statement that says who they are. */
function withTokens() {
  let found: { read: Awaited<ReturnType<typeof readNamed>>; readAtMs: number } | null = null
  return {
    async read(context: Context, name: PersonName) {
      const readAtMs = context.nowMs()
      const read = await readNamed(context.db, name)
      found = { read, readAtMs }
      return read && read.person
    },
    seen: (ownerId: OwnerId): { seen?: Seen } =>
      found?.read ? { seen: { owner: found.read.owned(ownerId), readAtMs: found.readAtMs } } : {},
  }
}

/** It is always the same: remembered only to save the work. */
const rememberedOwner: typeof personOwner = async (context, customer, realm, person) =>
  (await remembered(context, `owner/${customer}/${realm}/${person}`, () =>
    personOwner(context, customer, realm, person),
  )) as OwnerId

export const personOwner = (
  context: Context,
  customer: string,
  realm: string,
  person: string,
): Promise<OwnerId> =>
  ownerIdOf(
    context.deployment.master,
    { kind: 'person', customer, realm, person },
    context.database,
  )

export const accountOwner = (
  context: Context,
  customer: string,
  account: string,
): Promise<OwnerId> =>
  ownerIdOf(context.deployment.master, { kind: 'account', customer, account }, context.database)

/** `DOM\user` and user@realm name the realm where it is one of ours; a realm that was asked for wins. */
export async function splitRealm(
  context: Context,
  customer: string,
  user: string,
  asked: string,
): Promise<{ username: string; realm: string | null }> {
  if (asked !== '') return { username: user, realm: await realmNamed(context, customer, asked) }
  const [, domain, below] = /^([^\\]+)\\(.+)$/.exec(user) ?? []
  const [, name, at] = /^(.+)@([^@]+)$/.exec(user) ?? []
  const [username, named] = below ? [below, domain] : [name, at]
  const realm = named && (await realmNamed(context, customer, named))
  if (realm && username) return { username, realm }
  return { username: user, realm: await realmNamed(context, customer, '') }
}

/** With the name of whose it is, so that a policy about somebody is not evaded by naming their token. */
const ownerOfSerial = (context: Context, customer: string, serial: string): Promise<Whose | null> =>
  remembered(context, `serial/${customer}/${serial}`, () =>
    readOwnerOfSerial(context, customer, serial, false),
  )

/** @param always asks for a person even where there can be none. */
async function readOwnerOfSerial(
  context: Context,
  customer: string,
  serial: string,
  always: boolean,
): Promise<Whose | null> {
  const token = await findToken(context.db, serial)
  const id = token?.person ?? null
  const person = id === null && !always ? null : await findPerson(context, id ?? '')
  // An administrator's device is asked by POST /auth and by nobody else.
  if (token?.customer !== customer || token.account !== null) return null
  return {
    address: { ownerId: token.ownerId as OwnerId, customer },
    person: person?.id ?? null,
    about: {
      ...(token.realm !== null && { realm: token.realm }),
      ...(person && { user: person.username, resolver: person.resolver }),
    },
  }
}
