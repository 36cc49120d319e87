/** Finds people by pattern, here and in directories, a page of them all by name. A directory is asked for as many as it may give. */
import type { FoundPerson } from '../directory/job.ts'
import type { Context } from '../env.ts'
import { findIdsByUid } from '../store/directory-people.ts'
import { nameKey } from '../store/name-key.ts'
import { type PeopleSearch, type Person, searchPeople } from '../store/people.ts'
import { rememberedResolver } from '../store/resolvers.ts'
import type { Page } from '../store/search.ts'
import { ask } from './ask.ts'

/** id: of their row here; null: never looked up. userid: what the wire calls them. */
export type Listed = Pick<
  Person,
  'username' | 'givenname' | 'surname' | 'email' | 'phone' | 'mobile' | 'description' | 'resolver'
> & { id: string | null; userid: string; editable: boolean }

export type PeopleFound = {
  people: Listed[]
  count: number
  /** Directories that have more people than SIZELIMIT lets them give. */
  cut: string[]
}

/** However many pages there are. */
const mostOfOne = 100_000

export async function listPeople(
  context: Context,
  search: PeopleSearch,
  page: Page,
): Promise<PeopleFound> {
  const { customer, resolvers, fields, id } = search
  const rows = await Promise.all(
    resolvers.map((name) => rememberedResolver(context, customer, name)),
  )
  const directories = rows.filter((row) => row !== null && row.type !== 'local')
  if (directories.length === 0 || id !== undefined) {
    const { people, count } = await searchPeople(context, search, page)
    return { people: people.map(listed), count, cut: [] }
  }
  const found = await searchPeople(context, search, { limit: mostOfOne, offset: 0 })
  const all = found.people.map(listed)
  const cut: string[] = []
  for (const row of directories) {
    const { userid, ...patterns } = fields
    const asked = { ...patterns, ...(userid !== undefined && { userid }) }
    const place = { customer, resolver: row!.name }
    const done = await ask(context, place, { do: 'list', patterns: asked, limit: mostOfOne })
    all.push(...done.people.map((person) => listedFrom(person, row!.name)))
    if (done.cut) cut.push(row!.name)
  }
  const sorted = all
    .map((person) => ({ person, key: nameKey(person.username) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ person }) => person)
  const people = sorted.slice(page.offset, page.offset + page.limit)
  const ids = await findIdsByUid(
    context,
    customer,
    people.filter((person) => person.id === null),
  )
  for (const person of people)
    person.id ??= ids.get(JSON.stringify([person.resolver, person.userid])) ?? null
  return { people, count: all.length, cut }
}

const listed = ({ uid, ...person }: Person): Listed => ({
  ...person,
  userid: uid ?? person.id,
  editable: uid === null,
})

const listedFrom = ({ uid, barred: _, ...person }: FoundPerson, resolver: string): Listed => ({
  ...person,
  resolver,
  id: null,
  userid: uid,
  editable: false,
})
