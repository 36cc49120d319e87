/**
 * Whom an administrator's act is about, for the policies that name realms, resolvers and people: the owner of a token, who is named,
 * or nobody. Who does not exist is no reason to refuse here: the route says so in its own words.
 */
import { splitRealm } from '../../challenge/whose.ts'
import type { Context } from '../../env.ts'
import type { Act } from '../../policy/acts.ts'
import type { Subject } from '../../policy/match.ts'
import { personIn } from '../../people/find.ts'
import { findPerson } from '../../store/people.ts'
import { readRealms } from '../../store/realms.ts'
import { findToken } from '../../store/tokens/find.ts'
import type { Call } from '../surface.ts'
import type { Parameters } from './parameters.ts'

type About = Pick<Subject, 'realm' | 'resolver' | 'user' | 'open'>
const everything = ['realm', 'resolver', 'user'] as const

/** @returns one or more: it is enough that the policies grant it for one of them. */
export async function aboutOf(
  call: Call,
  customer: string,
  { about }: Act,
  parameters: Parameters,
): Promise<About[]> {
  const context = call.get('context')
  const part = (name: string): string => (call.req.param(name) ?? parameters.get(name)).trim()
  if (about === 'token') {
    const serial = part('serial')
    if (serial !== '') return ofToken(context, customer, serial)
  }
  // A list of policies' own realms and users is not whom it is about.
  if (about === undefined) return [{ open: everything }]
  const user = part('user')
  const resolver = part('resolver').toLowerCase()
  if (resolver !== '') return inResolver(context, customer, resolver, user)
  if (user !== '') return [await named(context, customer, user, part('realm'))]
  const realm = part('realm')
  return [realm === '' ? { open: everything } : { realm, open: ['resolver', 'user'] }]
}

/** A token that nobody has is only for policies that name nobody. */
async function ofToken(context: Context, customer: string, serial: string): Promise<About[]> {
  const token = await findToken(context.db, serial)
  if (token?.customer !== customer) return [{}]
  const person = token.person === null ? null : await findPerson(context, token.person)
  const owner: About = {
    ...(person && { user: person.username, resolver: person.resolver }),
    ...(token.realm !== null && { realm: token.realm }),
  }
  return [owner, ...token.realms.map((realm) => ({ realm }))]
}

/** A person of a resolver is in each realm that looks into it. */
async function inResolver(
  context: Context,
  customer: string,
  resolver: string,
  user: string,
): Promise<About[]> {
  const realms = await readRealms(context.db, customer)
  const holding = realms.filter((realm) => realm.resolvers.some(({ name }) => name === resolver))
  const about = user === '' ? { resolver, open: ['user'] as const } : { resolver, user }
  return [about, ...holding.map(({ name: realm }) => ({ ...about, realm }))]
}

async function named(
  context: Context,
  customer: string,
  user: string,
  asked: string,
): Promise<About> {
  const { username, realm } = await splitRealm(context, customer, user, asked)
  if (realm === null) return { user: username, realm: asked }
  const person = await personIn(context, { customer, realm, username })
  return {
    user: person?.username ?? username,
    realm,
    ...(person && { resolver: person.resolver }),
  }
}
