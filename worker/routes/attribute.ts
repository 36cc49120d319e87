/** /user/attribute: what an administrator notes about a person, beside what their resolver knows. */
import { splitRealm } from '../challenge/whose.ts'
import type { Context } from '../env.ts'
import { refuse } from '../problem.ts'
import { deleteAttribute, putAttribute, readAttributes } from '../store/attributes.ts'
import { personId, personOfResolver } from '../people/find.ts'
import { rememberedResolver } from '../store/resolvers.ts'
import { callerWith } from './decode/caller.ts'
import { longestValue, valueOf } from './decode/name.ts'
import { type Parameters, parametersOf } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { recorded } from './recorded.ts'
import { surface } from './surface.ts'

export const attribute = surface()
export const editableAttributes = surface()

const longestText = 2000

type Named = { user: string; realm: string; resolver: string }

const namedIn = (parameters: Parameters): Named => ({
  user: parameters.need('user').trim(),
  realm: parameters.get('realm').trim(),
  resolver: parameters.get('resolver').trim(),
})

/** @returns the id of who is meant. @throws Refusal user_not_found */
async function personNamed(
  context: Context,
  customer: string,
  { user, realm: asked, resolver }: Named,
): Promise<string> {
  if (resolver !== '') {
    const row = await rememberedResolver(context, customer, resolver.toLowerCase())
    const place = { customer, resolver: resolver.toLowerCase() }
    const isDirectory = row !== null && row.type !== 'local'
    const person = await personOfResolver(context, { ...place, isDirectory }, user)
    return person?.id ?? refuse({ reason: 'user_not_found' })
  }
  const { username, realm } = await splitRealm(context, customer, user, asked)
  const id = realm && (await personId(context, { customer, realm, username }))
  return id || refuse({ reason: 'user_not_found' })
}

attribute.get('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const named = namedIn(parameters)
  const key = parameters.get('key')
  const entry = { action: 'attribute_list', user: named.user, realm: named.realm }
  const noted = await recorded(call, caller, entry, async () => {
    const person = await personNamed(context, caller.customer, named)
    return readAttributes(context.db, [person])
  })
  const value = Object.fromEntries(noted.map((row) => [row.key, row.value]))
  const one = () => noted.find((row) => row.key === key)?.value ?? null
  return answer(call, { value: key === '' ? value : one() })
})

attribute.post('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const named = namedIn(parameters)
  const key = parameters.need('key').trim()
  const entry = { action: 'attribute_set', user: named.user, realm: named.realm }
  const id = await recorded(call, caller, entry, async (detail) => {
    if (key === '' || key.length > longestValue || /\p{C}/u.test(key))
      refuse({
        reason: 'bad_parameter',
        field: 'key',
        mend: `must be 1 to ${longestValue} characters without control characters`,
      })
    detail.key = key
    const value = parameters.need('value')
    if (value.length > longestText)
      refuse({
        reason: 'bad_parameter',
        field: 'value',
        mend: `must be at most ${longestText} characters`,
      })
    const type = valueOf(parameters, 'type')
    const person = await personNamed(context, caller.customer, named)
    return putAttribute(context.db, { person, key, value, type })
  })
  return answer(call, { value: id })
})

attribute.delete('/:key/:user/:realm?', async (call) => {
  const caller = await callerWith(call, 'people')
  const { key, user, realm = '' } = call.req.param()
  const context = call.get('context')
  const entry = { action: 'attribute_delete', user, realm, detail: { key: key.slice(0, 255) } }
  const value = await recorded(call, caller, entry, async () => {
    const person = await personNamed(context, caller.customer, { user, realm, resolver: '' })
    return deleteAttribute(context.db, person, key)
  })
  return answer(call, { value })
})

/** Whoever may change people may note anything about them; the policies that narrow it come with the user role. */
editableAttributes.get('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const parameters = await parametersOf(call)
  await personNamed(call.get('context'), caller.customer, namedIn(parameters))
  return answer(call, { value: { delete: ['*'], set: { '*': ['*'] } } })
})
