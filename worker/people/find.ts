/**
 * Who a name in a realm is, wherever they are kept: the realm's resolvers are asked in their order, and the first that has the name
 * decides. A directory that cannot be asked ends the search, because whoever comes behind it may be somebody else.
 */
import { toBase64url } from '../../schema/encoding.ts'
import { type Context, nowSeconds } from '../env.ts'
import type { FoundPerson } from '../directory/job.ts'
import { remembered, rememberedFor } from '../store/cache.ts'
import { keepFound } from '../store/directory-people.ts'
import { nameKey } from '../store/name-key.ts'
import {
  type Known,
  type Person,
  type PersonName,
  findPersonIn,
  readPersonIn,
} from '../store/people.ts'
import { resolversOf } from '../store/realms.ts'
import { type Place, ask, directoryAt } from './ask.ts'

/** barred: there is somebody of this name, whom their directory lets in nowhere. */
export type Sight = { person: Known | null; barred: boolean }
const nobody: Sight = { person: null, barred: false }

/** @returns the person of this name and where they are kept: the first resolver of the realm that has them. */
export const personIn = async (context: Context, name: PersonName): Promise<Known | null> =>
  (await sightOf(context, name)).person

/** @returns the id of the person of this name, or null. */
export const personId = async (context: Context, name: PersonName): Promise<string | null> =>
  (await personIn(context, name))?.id ?? null

/**
 * As `personIn`, and whether it is for being barred that there is nobody.
 * @param read how a name is read where all who are looked for are kept here, if it is not remembered.
 * @throws Refusal directory_unavailable
 */
export async function sightOf(
  context: Context,
  name: PersonName,
  read = readPersonIn,
): Promise<Sight> {
  const { customer, realm, username } = name
  const resolvers = await resolversOf(context, customer, realm)
  const key = `person/${customer}/${nameKey(realm)}/${nameKey(username)}`
  if (resolvers.every(({ type }) => type === 'local')) {
    const person = await remembered(context, key, () => read(context, name))
    return { person, barred: false }
  }
  for (const group of grouped(resolvers)) {
    const sight = Array.isArray(group)
      ? sightHere(await readPersonIn(context, name, group))
      : await rememberedSight(context, { customer, resolver: group.name }, username)
    if (sight.person || sight.barred) return sight
  }
  return nobody
}

/** As `sightOf`, but of D1 and of every directory itself, whoever is found where: so that nobody learns of anyone by what it costs. */
export async function readSightOf(context: Context, name: PersonName): Promise<Sight> {
  const { customer, realm, username } = name
  const resolvers = await resolversOf(context, customer, realm)
  const here = await readPersonIn(context, name)
  let first = nobody
  for (const { name: resolver, type } of resolvers) {
    const sight =
      type === 'local'
        ? sightHere(here?.resolver === resolver ? here : null)
        : await sightAt(context, { customer, resolver }, username)
    if (!first.person && !first.barred) first = sight
  }
  return first
}

const sightHere = (person: Known | null): Sight => (person ? { person, barred: false } : nobody)

/** Local resolvers that stand side by side are asked by one query. */
function grouped(resolvers: { name: string; type: string }[]): (string[] | { name: string })[] {
  const groups: (string[] | { name: string })[] = []
  for (const { name, type } of resolvers) {
    const last = groups.at(-1)
    if (type !== 'local') groups.push({ name })
    else if (Array.isArray(last)) last.push(name)
    else groups.push([name])
  }
  return groups
}

async function rememberedSight(context: Context, place: Place, username: string): Promise<Sight> {
  const { cacheSeconds } = await directoryAt(context, place)
  const key = `found/${place.customer}/${place.resolver}/${nameKey(username)}`
  const found = await rememberedFor(context, key, cacheSeconds, async () => {
    const sight = await sightAt(context, place, username)
    return sight.person || sight.barred ? sight : null
  })
  return found ?? nobody
}

async function sightAt(context: Context, place: Place, username: string): Promise<Sight> {
  const { person } = await ask(context, place, { do: 'find', by: 'name', value: username })
  if (!person) return nobody
  const { id, resolver, username: written } = await kept(context, place, person)
  return person.barred
    ? { person: null, barred: true }
    : { person: { id, resolver, username: written }, barred: false }
}

const kept = (
  context: Context,
  place: Place,
  { barred: _, ...found }: FoundPerson,
): Promise<Person> =>
  keepFound(context, place, found, {
    id: toBase64url(context.random(16)),
    createdAt: nowSeconds(context),
  })

/** @returns whether who has a row here is still to be let in. @throws Refusal directory_unavailable */
export async function isStillThere(context: Context, person: Person): Promise<boolean> {
  const { customer, resolver, uid } = person
  if (uid === null) return true
  const { cacheSeconds } = await directoryAt(context, { customer, resolver })
  const found = await rememberedFor(context, `there/${person.id}`, cacheSeconds, async () => {
    const job = { do: 'find', by: 'uid', value: uid } as const
    const { person: at } = await ask(context, { customer, resolver }, job)
    return { isThere: at !== null && !at.barred }
  })
  return found?.isThere ?? false
}

/** By their name in one resolver, whatever realms look into it; barred or not. */
export async function personOfResolver(
  context: Context,
  { customer, resolver, isDirectory }: Place & { isDirectory: boolean },
  username: string,
): Promise<Person | null> {
  if (!isDirectory) return findPersonIn(context, { customer, resolver, username })
  const place = { customer, resolver }
  const { person } = await ask(context, place, { do: 'find', by: 'name', value: username })
  return person && kept(context, place, person)
}
