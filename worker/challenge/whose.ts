/** Finds whose object a request is about: a person by name, or the owner of a token by its serial. */
import { type Owner, ownerIdOf } from '../crypto/owner.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import type { Context } from '../env.ts'
import { refuse } from '../problem.ts'
import { remembered } from '../store/cache.ts'
import { personId, realmNamed } from '../store/people.ts'
import { findToken } from '../store/tokens.ts'
import type { Address } from './desk/desk.ts'

export type Named = { user: string; realm: string; serial: string }
export type Whose = { address: Address; serials?: string[] }

/** @throws Refusal user_or_serial_needed · user_not_found · serial_not_found */
export async function whose(context: Context, customer: string, named: Named): Promise<Whose> {
  if (named.user !== '') {
    const address = await addressOfPerson(context, customer, named.user, named.realm)
    return named.serial === '' ? { address } : { address, serials: [named.serial] }
  }
  if (named.serial === '') refuse({ reason: 'user_or_serial_needed' })
  const ownerId = await ownerOfSerial(context, customer, named.serial)
  if (!ownerId) refuse({ reason: 'serial_not_found' })
  return { address: { ownerId, customer }, serials: [named.serial] }
}

async function addressOfPerson(
  context: Context,
  customer: string,
  user: string,
  askedRealm: string,
): Promise<Address> {
  const { username, realm } = await splitRealm(context, customer, user, askedRealm)
  const person = realm && (await personId(context, { customer, realm, username }))
  if (!realm || !person) refuse({ reason: 'user_not_found' })
  return { ownerId: await personOwner(context, customer, realm, person), customer }
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

const ownerOfSerial = (
  context: Context,
  customer: string,
  serial: string,
): Promise<OwnerId | null> =>
  remembered(context, `serial/${customer}/${serial}`, async () => {
    const token = await findToken(context.env.DB, serial)
    return token?.customer === customer ? (token.ownerId as OwnerId) : null
  })
