/** Where a request looks for people: in a resolver, in the resolvers of a realm, or in all that are in a realm. */
import type { Context } from '../../env.ts'
import { refuse } from '../../problem.ts'
import { type RealmRow, readRealms, realmNamed } from '../../store/realms.ts'
import { readResolvers, rememberedResolver } from '../../store/resolvers.ts'
import type { Parameters } from './parameters.ts'

const lower = (text: string): string => text.trim().toLowerCase()

/** A realm's resolvers and one that is named beside it add up, as on the wire. */
export function resolversAsked(realms: RealmRow[], parameters: Parameters): string[] {
  const realm = lower(parameters.get('realm'))
  const resolver = lower(parameters.get('resolver'))
  const inRealms = realms
    .filter(({ name }) => (realm === '' ? resolver === '' : name === realm))
    .flatMap(({ resolvers }) => resolvers.map(({ name }) => name))
  return [...new Set(resolver === '' ? inRealms : [...inRealms, resolver])]
}

/**
 * The resolver that holds a person, or is to. Who names only a realm, or nothing, means the first resolver of the realm.
 * @throws Refusal resolver_not_found · realm_not_found · bad_parameter
 */
export async function resolverAsked(
  context: Context,
  customer: string,
  parameters: Parameters,
): Promise<string> {
  const named = parameters.get('resolver').trim()
  if (named !== '') {
    const all = await readResolvers(context.db, customer)
    const found = all.find(({ name }) => name === lower(named))
    return found?.name ?? refuse({ reason: 'resolver_not_found', resolver: named.slice(0, 64) })
  }
  const realm = await realmNamed(context, customer, parameters.get('realm').trim())
  if (!realm) refuse({ reason: 'realm_not_found' })
  const realms = await readRealms(context.db, customer)
  const [first] = realms.find(({ name }) => name === realm)?.resolvers ?? []
  if (!first) refuse({ reason: 'bad_parameter', field: 'realm', mend: 'has no resolver yet' })
  return first.name
}

/** As `resolverAsked`, for people who are made and changed here. @throws Refusal resolver_read_only too */
export const localResolverAsked = async (
  context: Context,
  customer: string,
  parameters: Parameters,
): Promise<string> =>
  localResolver(context, customer, await resolverAsked(context, customer, parameters))

/** @throws Refusal resolver_read_only where its people are in a directory. */
export async function localResolver(
  context: Context,
  customer: string,
  resolver: string,
): Promise<string> {
  const row = await rememberedResolver(context, customer, resolver)
  if (row && row.type !== 'local') refuse({ reason: 'resolver_read_only', resolver })
  return resolver
}

/** @param text a JSON list, or names with commas between. @throws Refusal realm_not_found */
export async function realmsAsked(
  context: Context,
  customer: string,
  text: string,
): Promise<string[]> {
  const names = text.startsWith('[') ? parsed(text) : text.split(',')
  const realms: string[] = []
  for (const name of names.map((one) => one.trim()).filter(Boolean)) {
    const realm = await realmNamed(context, customer, name)
    if (realm === null) refuse({ reason: 'realm_not_found' })
    realms.push(realm)
  }
  return [...new Set(realms)]
}

function parsed(text: string): string[] {
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list) && list.every((one) => typeof one === 'string')) return list
  } catch {
    // Told below.
  }
  return refuse({ reason: 'bad_parameter', field: 'realms', mend: 'must be a list of names' })
}
