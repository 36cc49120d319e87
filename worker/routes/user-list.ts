/** GET /user: finds people by pattern, by realm and by resolver, all at once or page by page. */
import type { Context } from '../env.ts'
import { readAttributes } from '../store/attributes.ts'
import { type Listed, listPeople } from '../people/list.ts'
import { searchFields } from '../store/people.ts'
import { type RealmRow, readRealms } from '../store/realms.ts'
import { type Caller, callerWith } from './decode/caller.ts'
import { type Parameters, parametersOf, wholeNumber } from './decode/parameters.ts'
import { resolversAsked } from './decode/place.ts'
import { answer } from './encode/envelope.ts'
import { paging } from './encode/paging.ts'
import { recorded } from './recorded.ts'
import { surface } from './surface.ts'

export const userList = surface()

export const profile = ['givenname', 'surname', 'email', 'phone', 'mobile', 'description'] as const
/** Who does not ask for pages gets so many, and is told how many there are. */
const unpaged = 10_000
const pageSizeOtherwise = 15

userList.get('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const asked = parameters.has('page') || parameters.has('pagesize')
  const page = wholeNumber(parameters, 'page', { min: 1, max: 1_000_000, otherwise: 1 })
  const pageSize = wholeNumber(parameters, 'pagesize', {
    min: 1,
    max: 1000,
    otherwise: asked ? pageSizeOtherwise : unpaged,
  })
  const realm = parameters.get('realm')
  const entry = { action: 'user_list', ...(realm !== '' && { realm }) }
  const { people, count, cut } = await recorded(call, caller, entry, async () =>
    listPeople(
      context,
      {
        customer: caller.customer,
        resolvers: resolversSeen(caller, await readRealms(context.db, caller.customer), parameters),
        fields: fieldsAsked(parameters),
        ...(caller.self && { id: caller.self.person }),
      },
      { limit: pageSize, offset: (page - 1) * pageSize },
    ),
  )
  const value = people.map(described)
  if (realm !== '' && !/^(0|false|no)$/i.test(parameters.get('include_custom_attributes')))
    await addAttributes(context, people, value)
  return answer(call, {
    value: parameters.get('attributes') === '' ? value : value.map(only(parameters)),
    ...((asked || count > people.length || cut.length > 0) && {
      detail: { ...paging(count, page, pageSize), ...(cut.length > 0 && { cut }) },
    }),
  })
})

/** What is asked for, as far as the policies let whoever asks see it. */
function resolversSeen(
  { realms: seen }: Caller,
  all: RealmRow[],
  parameters: Parameters,
): string[] {
  const asked = resolversAsked(all, parameters)
  if (!seen) return asked
  const visible = all.filter(({ name }) => seen.includes(name))
  const allowed = visible.flatMap(({ resolvers }) => resolvers.map(({ name }) => name))
  return asked.filter((name) => allowed.includes(name))
}

function fieldsAsked(parameters: Parameters): Record<string, string> {
  const fields = Object.fromEntries(
    searchFields
      .filter((field) => parameters.get(field) !== '')
      .map((field) => [field, parameters.get(field)]),
  )
  return parameters.get('user') === '' ? fields : { username: parameters.get('user'), ...fields }
}

const described = (person: Listed): Record<string, unknown> => ({
  ...Object.fromEntries(profile.map((field) => [field, person[field]])),
  editable: person.editable,
  resolver: person.resolver,
  userid: person.userid,
  username: person.username,
})

/** What was noted never stands in for what the resolver knows. */
async function addAttributes(
  context: Context,
  people: Listed[],
  value: Record<string, unknown>[],
): Promise<void> {
  const at = new Map(people.flatMap(({ id }, index) => (id === null ? [] : [[id, index]])))
  const noted = await readAttributes(context.db, [...at.keys()])
  for (const { person, key, value: text } of noted) {
    const row = value[at.get(person) ?? -1]
    if (row && !Object.hasOwn(row, key)) Object.defineProperty(row, key, entryOf(text))
  }
}

/** Defined and not assigned: the name may be `__proto__`. */
const entryOf = (value: string) => ({ value, enumerable: true })

const only = (parameters: Parameters) => {
  const wanted = new Set(
    parameters
      .get('attributes')
      .split(',')
      .map((name) => name.trim()),
  )
  return (row: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => wanted.has(name)))
}
