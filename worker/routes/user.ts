/** /user: the people of local resolvers: find, make, change, delete. What is noted beside is in attribute.ts. */
import { changeManyTokens } from '../challenge/change-tokens.ts'
import { splitRealm } from '../challenge/whose.ts'
import { type Context, nowSeconds } from '../env.ts'
import { toBase64url } from '../../schema/encoding.ts'
import { hashPassword } from '../factor/hash.ts'
import { inTurn } from '../factor/turn.ts'
import { refuse } from '../problem.ts'
import { forget } from '../store/cache.ts'
import {
  type Person,
  type PersonChange,
  deletePerson,
  findPerson,
  findPersonIn,
  insertPerson,
  isSharedName,
  searchFields,
  searchPeople,
  updatePerson,
} from '../store/people.ts'
import { ownersOfPerson, readRealms } from '../store/realms.ts'
import { readAttributes } from '../store/attributes.ts'
import { attribute } from './attribute.ts'
import { callerWith } from './decode/caller.ts'
import { username, valueOf } from './decode/name.ts'
import { type Parameters, parametersOf, wholeNumber } from './decode/parameters.ts'
import { resolverAsked, resolversAsked } from './decode/place.ts'
import { answer } from './encode/envelope.ts'
import { paging } from './encode/paging.ts'
import { recorded } from './recorded.ts'
import { surface } from './surface.ts'

export const user = surface()
user.route('/attribute', attribute)

const profile = ['givenname', 'surname', 'email', 'phone', 'mobile', 'description'] as const
/** Who does not ask for pages gets so many, and is told how many there are. */
const unpaged = 10_000
const pageSizeOtherwise = 15

user.get('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const parameters = await parametersOf(call)
  const { context } = call.var
  const asked = parameters.has('page') || parameters.has('pagesize')
  const page = wholeNumber(parameters, 'page', { min: 1, max: 1_000_000, otherwise: 1 })
  const pageSize = wholeNumber(parameters, 'pagesize', {
    min: 1,
    max: 1000,
    otherwise: asked ? pageSizeOtherwise : unpaged,
  })
  const realm = parameters.get('realm')
  const entry = { action: 'user_list', ...(realm !== '' && { realm }) }
  const { people, count } = await recorded(call, caller, entry, async () =>
    searchPeople(
      context,
      {
        customer: caller.customer,
        resolvers: resolversAsked(await readRealms(context.env.DB, caller.customer), parameters),
        fields: fieldsAsked(parameters),
      },
      { limit: pageSize, offset: (page - 1) * pageSize },
    ),
  )
  const value = people.map(described)
  if (realm !== '' && !/^(0|false|no)$/i.test(parameters.get('include_custom_attributes')))
    await addAttributes(context, people, value)
  return answer(call, {
    value: parameters.get('attributes') === '' ? value : value.map(only(parameters)),
    ...((asked || count > people.length) && { detail: paging(count, page, pageSize) }),
  })
})

function fieldsAsked(parameters: Parameters): Record<string, string> {
  const fields = Object.fromEntries(
    searchFields
      .filter((field) => parameters.get(field) !== '')
      .map((field) => [field, parameters.get(field)]),
  )
  return parameters.get('user') === '' ? fields : { username: parameters.get('user'), ...fields }
}

const described = (person: Person): Record<string, unknown> => ({
  ...Object.fromEntries(profile.map((field) => [field, person[field]])),
  editable: true,
  resolver: person.resolver,
  userid: person.id,
  username: person.username,
})

/** What was noted never stands in for what the resolver knows. */
async function addAttributes(
  context: Context,
  people: Person[],
  value: Record<string, unknown>[],
): Promise<void> {
  const at = new Map(people.map(({ id }, index) => [id, index]))
  const noted = await readAttributes(context.env.DB, [...at.keys()])
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

user.post('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const parameters = await parametersOf(call)
  const { context } = call.var
  const entry = {
    action: 'user_add',
    user: parameters.get('user').trim(),
    realm: parameters.get('realm').trim() || undefined,
  }
  const id = await recorded(call, caller, entry, async (detail) => {
    const name = username(parameters)
    const resolver = await resolverAsked(context, caller.customer, parameters)
    detail.resolver = resolver
    await refuseAmbiguous(context, caller.customer, name)
    const person = {
      id: toBase64url(context.random(16)),
      customer: caller.customer,
      resolver,
      username: name,
      ...(profileOf(parameters) as Record<(typeof profile)[number], string>),
      passwordHash: await hashOf(context, parameters.get('password')),
      createdAt: nowSeconds(context),
    }
    if (!(await insertPerson(context, person))) refuse({ reason: 'user_exists' })
    if (await isSharedName(context, person)) await forget(context)
    return person.id
  })
  return answer(call, { value: id })
})

/** user@realm of one of ours would be read as somebody else's name at every login. */
async function refuseAmbiguous(context: Context, customer: string, name: string): Promise<void> {
  const { username: read } = await splitRealm(context, customer, name, '')
  if (read !== name)
    refuse({ reason: 'bad_parameter', field: 'user', mend: 'must not end in the name of a realm' })
}

const profileOf = (parameters: Parameters): Record<string, string> =>
  Object.fromEntries(profile.map((field) => [field, valueOf(parameters, field)]))

const hashOf = async (context: Context, password: string): Promise<string | null> =>
  password === '' ? null : inTurn(context, () => hashPassword(password, context.deployment.pepper))

/** With `userid` the person is found by it, and `user` is their new name. */
user.put('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const parameters = await parametersOf(call)
  const { context } = call.var
  const entry = { action: 'user_update', user: parameters.get('user').trim() }
  await recorded(call, caller, entry, async (detail) => {
    const name = username(parameters)
    const resolver = await resolverAsked(context, caller.customer, parameters)
    detail.resolver = resolver
    const id = parameters.get('userid')
    const person =
      id === ''
        ? await findPersonIn(context, { customer: caller.customer, resolver, username: name })
        : await findPerson(context, id)
    if (person?.customer !== caller.customer || person.resolver !== resolver)
      refuse({ reason: 'user_not_found' })
    const given = Object.entries(profileOf(parameters)).filter(([field]) => parameters.has(field))
    const change: PersonChange = Object.fromEntries(given)
    if (name !== person.username && id !== '') {
      await refuseAmbiguous(context, caller.customer, name)
      change.username = name
      detail.was = person.username
    }
    const passwordHash = await hashOf(context, parameters.get('password'))
    if (passwordHash) change.passwordHash = passwordHash
    detail.changed = Object.keys(change)
    const changed = await changePerson(context, person, () => updatePerson(context, person, change))
    if (!changed) refuse({ reason: 'user_exists' })
  })
  return answer(call, { value: true })
})

user.delete('/:resolver/:user', async (call) => {
  const caller = await callerWith(call, 'people')
  const { resolver, user: name } = call.req.param()
  const { context } = call.var
  const entry = { action: 'user_delete', user: name, detail: { resolver } }
  await recorded(call, caller, entry, async () => {
    const place = { customer: caller.customer, resolver: resolver.toLowerCase(), username: name }
    const person = await findPersonIn(context, place)
    if (!person) refuse({ reason: 'user_not_found' })
    await changePerson(context, person, () => deletePerson(context, person.id))
  })
  return answer(call, { value: true })
})

/** What it takes away ends, and who they are is forgotten, before anyone is told that it is done. */
const changePerson = <T>(context: Context, { customer, id }: Person, commit: () => Promise<T>) =>
  changeManyTokens(
    context,
    customer,
    () => ownersOfPerson(context.env.DB, customer, id),
    async () => {
      const done = await commit()
      await forget(context)
      return done
    },
  )
