/** Finds whose object a request is about: a person by name, or the owner of a token by its serial. */
import { type Owner, ownerIdOf } from '../crypto/owner.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import type { Context } from '../env.ts'
import { Refusal, refuse } from '../problem.ts'
import { remembered } from '../store/cache.ts'
import { findPerson, personIn, realmNamed } from '../store/people.ts'
import { findToken } from '../store/tokens.ts'
import type { Address } from './desk/desk.ts'

export type Named = { user: string; realm: string; serial: string }
export type Whose = {
  address: Address
  serials?: string[]
  /** For the policies: as far as the request names anyone. */
  about: { user?: string; realm?: string; resolver?: string }
}

/** As `whose`, but null for a serial that is no token's: privacyIDEA's trigger says 0 then. */
export async function whoseOrNobody(
  context: Context,
  customer: string,
  given: Named,
): Promise<Whose | null> {
  try {
    return await whose(context, customer, given)
  } catch (error) {
    if (error instanceof Refusal && error.failure.reason === 'serial_not_found') return null
    throw error
  }
}

/** @throws Refusal user_or_serial_needed · user_not_found · serial_not_found */
export async function whose(context: Context, customer: string, named: Named): Promise<Whose> {
  if (named.user !== '') {
    const found = await personNamed(context, customer, named.user, named.realm)
    return named.serial === '' ? found : { ...found, serials: [named.serial] }
  }
  if (named.serial === '') refuse({ reason: 'user_or_serial_needed' })
  const owner = await ownerOfSerial(context, customer, named.serial)
  if (!owner) refuse({ reason: 'serial_not_found' })
  const { ownerId, about } = owner
  return { address: { ownerId, customer }, serials: [named.serial], about }
}

async function personNamed(
  context: Context,
  customer: string,
  user: string,
  askedRealm: string,
): Promise<Whose> {
  const { username, realm } = await splitRealm(context, customer, user, askedRealm)
  const person = realm && (await personIn(context, { customer, realm, username }))
  if (!realm || !person) refuse({ reason: 'user_not_found' })
  const ownerId = await personOwner(context, customer, realm, person.id)
  return {
    address: { ownerId, customer },
    about: { user: username, realm, resolver: person.resolver },
  }
}

export const personOwner = (
  context: Context,
  customer: string,
  realm: string,
  person: string,
): Promise<OwnerId> =>
  ownerIdOf(context.deployment.master, { kind: 'person', customer, realm, person } satisfies Owner)

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
const ownerOfSerial = (
  context: Context,
  customer: string,
  serial: string,
): Promise<{ ownerId: OwnerId; about: Whose['about'] } | null> =>
  remembered(context, `serial/${customer}/${serial}`, async () => {
    const token = await findToken(context.env.DB, serial)
    if (token?.customer !== customer) return null
    const person = token.person === null ? null : await findPerson(context, token.person)
    const about = {
      ...(token.realm !== null && { realm: token.realm }),
      ...(person && { user: person.username, resolver: person.resolver }),
    }
    return { ownerId: token.ownerId as OwnerId, about }
  })
