/** /user: the people of local resolvers: make, change, delete. Finding them is in user-list.ts, what is noted beside in attribute.ts. */
import { changeManyTokens } from '../challenge/change-tokens.ts'
import { splitRealm } from '../challenge/whose.ts'
import { type Context, nowSeconds } from '../env.ts'
import { toBase64url } from '../../schema/encoding.ts'
import { hashNewPassword } from '../factor/password.ts'
import { refuse } from '../problem.ts'
import {
  type Person,
  type PersonChange,
  deletePerson,
  findPerson,
  findPersonIn,
  insertPerson,
  updatePerson,
} from '../store/people.ts'
import { wouldHide } from '../people/hide.ts'
import { ownersOfPerson } from '../store/realms.ts'
import { attribute, editableAttributes } from './attribute.ts'
import { callerWith } from './decode/caller.ts'
import { username, valueOf } from './decode/name.ts'
import { type Parameters, parametersOf } from './decode/parameters.ts'
import { localResolver, localResolverAsked } from './decode/place.ts'
import { answer } from './encode/envelope.ts'
import { recorded } from './recorded.ts'
import { surface } from './surface.ts'
import { profile, userList } from './user-list.ts'

export const user = surface()
user.route('/', userList)
user.route('/attribute', attribute)
user.route('/editable_attributes', editableAttributes)

user.post('/', async (call) => {
  const caller = await callerWith(call, 'people', 'add_people')
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const entry = {
    action: 'user_add',
    user: parameters.get('user').trim(),
    realm: parameters.get('realm').trim() || undefined,
  }
  const id = await recorded(call, caller, entry, async (detail) => {
    const name = username(parameters)
    const resolver = await localResolverAsked(context, caller.customer, parameters)
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
    // Whoever may only make people could else take the place of somebody whom the realm finds in a later resolver.
    if (!caller.rights.has('people') && (await wouldHide(context, person)))
      refuse({ reason: 'user_exists' })
    if (!(await insertPerson(context, person))) refuse({ reason: 'user_exists' })
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
  password === '' ? null : hashNewPassword(context, password)

/** With `userid` the person is found by it, and `user` is their new name. */
user.put('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const entry = {
    action: 'user_update',
    user: parameters.get('user').trim(),
    realm: parameters.get('realm').trim() || undefined,
  }
  await recorded(call, caller, entry, async (detail) => {
    const name = username(parameters)
    const resolver = await localResolverAsked(context, caller.customer, parameters)
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
  const context = call.get('context')
  const entry = { action: 'user_delete', user: name, detail: { resolver } }
  await recorded(call, caller, entry, async () => {
    await localResolver(context, caller.customer, resolver.toLowerCase())
    const place = { customer: caller.customer, resolver: resolver.toLowerCase(), username: name }
    const person = await findPersonIn(context, place)
    if (!person) refuse({ reason: 'user_not_found' })
    await changePerson(context, person, () => deletePerson(context, person.id))
  })
  return answer(call, { value: true })
})

/** What it takes away ends, and who they are is forgotten, before anyone is told that it is done. */
const changePerson = <T>(context: Context, { customer, id }: Person, commit: () => Promise<T>) =>
  changeManyTokens(context, customer, () => ownersOfPerson(context.db, customer, id), commit)
