/** /resolver: where people are kept: in our own database (`local`), or in a directory (`ldapresolver`). */
import { nowSeconds } from '../env.ts'
import { censored, parameterNames } from '../directory/parameters.ts'
import { refuse } from '../problem.ts'
import { forget } from '../store/cache.ts'
import { readRealms } from '../store/realms.ts'
import { type ResolverRow, deleteResolver, putResolver, readResolvers } from '../store/resolvers.ts'
import { askAt, sealedPassword } from '../people/ask.ts'
import { type Caller, callerWith } from './decode/caller.ts'
import { directoryAsked } from './decode/directory.ts'
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
      {
        censor_keys: type === 'local' ? [] : ['BINDPW'],
        data: {
          ...config,
          ...(config.BINDPW && { BINDPW: censored }),
          Editable: type === 'local',
        },
        resolvername: name,
        type,
      },
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
function typeOf(text: string): ResolverRow['type'] {
  return text === 'local' || text === 'ldapresolver'
    ? text
    : refuse({ reason: 'bad_parameter', field: 'type', mend: "must be 'local' or 'ldapresolver'" })
}

/** Its path stands before the names, so that no resolver can be called `test`. */
resolver.post('/test', async (call) => {
  const caller = await callerWith(call, 'settings')
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const known = parameters.get('resolver').trim().toLowerCase()
  const detail = { ...(known !== '' && { resolver: known.slice(0, 64) }) }
  const entry = { action: 'resolver_test', detail }
  const { value, description } = await recorded(call, caller, entry, async (told) => {
    if (typeOf(parameters.need('type')) === 'local')
      return {
        value: true,
        description: 'People are kept in the database of this server, which answers.',
      }
    const rows = await readResolvers(context.db, caller.customer)
    const row = rows.find(({ name, type }) => name === known && type === 'ldapresolver')
    const { directory, warning } = await directoryAsked(context, caller.customer, parameters, row)
    const place = { customer: caller.customer, resolver: known }
    const done = await askAt(context, place, directory, { do: 'test' })
    told.works = done.ok
    return {
      value: done.ok,
      description: [done.ok ? done.tested : done.why, warning].filter(Boolean).join(' '),
    }
  })
  return answer(call, { value, detail: { description } })
})

resolver.post('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  const { customer } = caller
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const detail = { resolver: call.req.param('name').slice(0, 64) }
  const entry = { action: 'resolver_set', detail }
  const { id, told } = await recorded(call, caller, entry, async (trail) => {
    const name = placeName(call.req.param('name'), 'resolver')
    const known = (await readResolvers(context.db, customer)).find((row) => row.name === name)
    const type = typeOf(known && !parameters.has('type') ? known.type : parameters.need('type'))
    if (known && known.type !== type)
      refuse({
        reason: 'bad_parameter',
        field: 'type',
        mend: `must stay '${known.type}': delete the resolver first, its people cannot move`,
      })
    const createdAt = nowSeconds(context)
    const put = (config: Record<string, string>) =>
      putResolver(context.db, { customer, name, type, config, createdAt })
    if (type === 'local') return { id: await put({}), told: {} }
    const asked = await directoryAsked(context, customer, parameters, known)
    const { config, warning, unused } = asked
    trail.changed = parameterNames.filter((one) => parameters.has(one))
    const BINDPW =
      config.BINDPW && (await sealedPassword(context, { customer, resolver: name }, config.BINDPW))
    const made = await put({ ...config, ...(BINDPW !== undefined && { BINDPW }) })
    await forget(context)
    return {
      id: made,
      told: {
        ...(warning !== '' && { warning }),
        ...(unused.length > 0 && { not_in_force: unused }),
      },
    }
  })
  return answer(call, { value: id, ...(Object.keys(told).length > 0 && { detail: told }) })
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
