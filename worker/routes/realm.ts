/** /realm and /defaultrealm: which realms there are, in which resolvers each looks for its people, and which one is meant by no name. */
import { changeManyTokens } from '../challenge/change-tokens.ts'
import { refuse } from '../problem.ts'
import {
  type RealmRow,
  deleteRealm,
  ownersInRealm,
  putRealm,
  readRealms,
  setDefaultRealm,
} from '../store/realms.ts'
import { readResolvers } from '../store/resolvers.ts'
import { callerWith } from './decode/caller.ts'
import { placeName } from './decode/name.ts'
import { type Parameters, listOf, parametersOf, wholeNumber } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { recorded } from './recorded.ts'
import { surface } from './surface.ts'

export const realm = surface()
export const defaultRealm = surface()

const described = (rows: RealmRow[]): Record<string, unknown> =>
  Object.fromEntries(
    rows.map(({ id, name, isDefault, resolvers }) => [
      name,
      {
        default: isDefault,
        id,
        option: '',
        resolver: resolvers.map((resolver) => ({ ...resolver, node: '' })),
      },
    ]),
  )

realm.get('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const realms = await recorded(call, caller, { action: 'realm_list' }, () =>
    readRealms(call.get('context').db, caller.customer),
  )
  return answer(call, { value: described(realms) })
})

/** What the realm had before and has no more, and what is new in it: tokens there end, or come back to life. */
realm.post('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  const { customer } = caller
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const entry = { action: 'realm_set', realm: call.req.param('name') }
  const value = await recorded(call, caller, entry, async (detail) => {
    const name = placeName(call.req.param('name'), 'realm')
    const asked = [...new Set(listOf(parameters.need('resolvers')).map((one) => one.toLowerCase()))]
    const known = new Set(
      (await readResolvers(call.get('context').db, customer)).map((one) => one.name),
    )
    const added = asked.filter((one) => known.has(one))
    const failed = asked.filter((one) => !known.has(one))
    Object.assign(detail, { added, failed })
    const before = (await readRealms(call.get('context').db, customer)).find(
      (one) => one.name === name,
    )
    const had = before?.resolvers.map((resolver) => resolver.name) ?? []
    const touched = [...new Set([...had, ...added])].filter(
      (one) => !(had.includes(one) && added.includes(one)),
    )
    const members = added.map((resolver) => ({
      resolver,
      priority: priorityOf(parameters, resolver),
    }))
    await changeManyTokens(
      context,
      customer,
      () => ownersInRealm(call.get('context').db, { customer, realm: name, resolvers: touched }),
      () => putRealm(context, { customer, name }, members),
    )
    return { added, failed }
  })
  return answer(call, { value })
})

function priorityOf(parameters: Parameters, resolver: string): number | null {
  const field = `priority.${resolver}`
  return parameters.has(field)
    ? wholeNumber(parameters, field, { min: 0, max: 999, otherwise: 0 })
    : null
}

realm.delete('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  const { customer } = caller
  const context = call.get('context')
  const entry = { action: 'realm_delete', realm: call.req.param('name') }
  const id = await recorded(call, caller, entry, async () => {
    const name = call.req.param('name').trim().toLowerCase()
    const found = (await readRealms(call.get('context').db, customer)).find(
      (one) => one.name === name,
    )
    if (!found) refuse({ reason: 'unknown_realm' })
    const resolvers = found.resolvers.map((resolver) => resolver.name)
    await changeManyTokens(
      context,
      customer,
      () => ownersInRealm(call.get('context').db, { customer, realm: name, resolvers }),
      () => deleteRealm(context, customer, name),
    )
    return found.id
  })
  return answer(call, { value: id })
})

defaultRealm.get('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const realms = await recorded(call, caller, { action: 'realm_default_read' }, () =>
    readRealms(call.get('context').db, caller.customer),
  )
  return answer(call, { value: described(realms.filter(({ isDefault }) => isDefault)) })
})

defaultRealm.post('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  await parametersOf(call)
  const entry = { action: 'realm_default', realm: call.req.param('name') }
  await recorded(call, caller, entry, async () => {
    const name = call.req.param('name').trim().toLowerCase()
    const realms = await readRealms(call.get('context').db, caller.customer)
    if (!realms.some((one) => one.name === name)) refuse({ reason: 'unknown_realm' })
    await setDefaultRealm(call.get('context'), caller.customer, name)
  })
  return answer(call, { value: 1 })
})

defaultRealm.delete('/', async (call) => {
  const caller = await callerWith(call, 'settings')
  await recorded(call, caller, { action: 'realm_default' }, () =>
    setDefaultRealm(call.get('context'), caller.customer, null),
  )
  return answer(call, { value: 1 })
})
