/** Which tokens a request of /token is about: one by its serial, or all of a person. */
import type { OwnerId } from '../../crypto/sealed-id.ts'
import type { Context } from '../../env.ts'
import { personOwner, splitRealm } from '../../challenge/whose.ts'
import { refuse } from '../../problem.ts'
import { personId } from '../../people/find.ts'
import { type Person, findPerson } from '../../store/people.ts'
import { findToken, tokensOf } from '../../store/tokens/find.ts'
import type { TokenRow } from '../../store/tokens/row.ts'
import type { Parameters } from './parameters.ts'

/** What an administrator sees in a list. */
const longestDescription = 80

export const descriptionAsked = (parameters: Parameters): string =>
  parameters.get('description').slice(0, longestDescription)

export type Owner = Person & { realm: string; ownerId: OwnerId }
export type TokensAsked = { serial: string; tokens: TokenRow[] }

/** @param inPath the serial in the path, or undefined. @throws Refusal user_or_serial_needed · serial_not_found · user_not_found */
export async function tokensAsked(
  context: Context,
  customer: string,
  parameters: Parameters,
  inPath?: string,
): Promise<TokensAsked> {
  const serial = (inPath ?? parameters.get('serial')).trim()
  const owner = await personAsked(context, customer, parameters)
  if (serial !== '') return { serial, tokens: [await tokenNamed(context, customer, serial, owner)] }
  if (!owner) refuse({ reason: 'user_or_serial_needed' })
  return { serial, tokens: await tokensOf(context.db, owner.ownerId) }
}

/** @throws Refusal serial_not_found where there is none, or it is not this person's. */
export async function tokenNamed(
  context: Context,
  customer: string,
  serial: string,
  owner: Owner | null = null,
): Promise<TokenRow> {
  const token = await findToken(context.db, serial)
  if (token?.customer !== customer || (owner && token.ownerId !== owner.ownerId))
    refuse({ reason: 'serial_not_found' })
  return token
}

/** @returns null where no user is named. @throws Refusal user_not_found */
export async function personAsked(
  context: Context,
  customer: string,
  parameters: Parameters,
): Promise<Owner | null> {
  const user = parameters.get('user').trim()
  if (user === '') return null
  const asked = parameters.get('realm').trim()
  const { username, realm } = await splitRealm(context, customer, user, asked)
  const id = realm && (await personId(context, { customer, realm, username }))
  const person = id && (await findPerson(context, id))
  if (!realm || !person) refuse({ reason: 'user_not_found' })
  return { ...person, realm, ownerId: await personOwner(context, customer, realm, person.id) }
}
