/** /resolver: where people are kept. Today in our own database (`local`); directories elsewhere are not read yet. */
import { nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { forget } from '../store/cache.ts'
import { readRealms } from '../store/realms.ts'
import { type ResolverRow, deleteResolver, putResolver, readResolvers } from '../store/resolvers.ts'
import { type Caller, callerWith } from './decode/caller.ts'
import { placeName } from './decode/name.ts'
import { parametersOf } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { recorded } from './recorded.ts'
import { type Call, surface } from './surface.ts'

export const resolver = surface()

const described = (rows: ResolverRow[]): Record<string, unknown> =>
  Object.fromEntries(
    rows.map(({ name, type, config }) => [
      name,
      { censor_keys: [], data: { ...config, Editable: true }, resolvername: name, type },
    ]),
  )

const listed = (call: Call, caller: Caller): Promise<ResolverRow[]> =>
  recorded(call, caller, { action: 'resolver_list' }, () =>
    readResolvers(call.get('context').db, caller.customer),
  )

resolver.get('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const type = (await parametersOf(call)).get('type')
  const rows = await listed(call, caller)
  return answer(call, { value: described(rows.filter((row) => type === '' || row.type === type)) })
})

resolver.get('/:name', async (call) => {
  const caller = await callerWith(call, 'people')
  const name = call.req.param('name').trim().toLowerCase()
  const rows = await listed(call, caller)
  return answer(call, { value: described(rows.filter((row) => row.name === name)) })
})

/** @throws Refusal bad_parameter */
function checkType(type: string): void {
  if (type === 'local') return
  const mend =
    type === 'ldapresolver'
      ? "cannot be ldapresolver yet: this version keeps people in its own database. Use 'local'"
      : "must be 'local'"
  refuse({ reason: 'bad_parameter', field: 'type', mend })
}

/** Its path stands before the names, so that no resolver can be called `test`. */
resolver.post('/test', async (call) => {
  const caller = await callerWith(call, 'settings')
  const type = (await parametersOf(call)).need('type')
  await recorded(call, caller, { action: 'resolver_test' }, async () => checkType(type))
  const description = 'People are kept in the database of this server, which answers.'
  return answer(call, { value: true, detail: { description } })
})

resolver.post('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  const { customer } = caller
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const detail = { resolver: call.req.param('name').slice(0, 64) }
  const id = await recorded(call, caller, { action: 'resolver_set', detail }, async () => {
    const name = placeName(call.req.param('name'), 'resolver')
    const rows = await readResolvers(call.get('context').db, customer)
    const known = rows.find((row) => row.name === name)
    checkType(known && !parameters.has('type') ? known.type : parameters.need('type'))
    const createdAt = nowSeconds(context)
    return putResolver(call.get('context').db, {
      customer,
      name,
      type: 'local',
      config: {},
      createdAt,
    })
  })
  return answer(call, { value: id })
})

/** Its people go with it; one that a realm still looks into stays. -1: there was none. */
resolver.delete('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  const { customer } = caller
  const name = call.req.param('name').trim().toLowerCase()
  const entry = { action: 'resolver_delete', detail: { resolver: name.slice(0, 64) } }
  const id = await recorded(call, caller, entry, async (detail) => {
    const rows = await readResolvers(call.get('context').db, customer)
    const known = rows.find((row) => row.name === name)
    detail.found = known !== undefined
    if (!known) return -1
    if (!(await deleteResolver(call.get('context').db, customer, name))) {
      const realms = await readRealms(call.get('context').db, customer)
      const holding = realms.find((realm) => realm.resolvers.some((one) => one.name === name))
      if (holding) refuse({ reason: 'resolver_in_realm', resolver: name, realm: holding.name })
    }
    await forget(call.get('context'))
    return known.id
  })
  return answer(call, { value: id })
})
