/** GET /token/: tokens by what is known of them, a page at a time. Of a single one the owner's object is asked for its counters. */
import { reach } from '../../challenge/reach.ts'
import { addressOf } from '../../enrolment/manage.ts'
import { refuse } from '../../problem.ts'
import {
  type ListedToken,
  type TokenField,
  listTokens,
  tokenFields,
  tokenOrders,
} from '../../store/tokens/list.ts'
import { callerWith } from '../decode/caller.ts'
import { listOf } from '../decode/list.ts'
import { type Parameters, parametersOf, wholeNumber } from '../decode/parameters.ts'
import { answer } from '../encode/envelope.ts'
import { paging } from '../encode/paging.ts'
import { describedToken } from '../encode/token.ts'
import { type Call, surface } from '../surface.ts'

export const list = surface()

const pageSizeOtherwise = 15

/** Other names that clients use for the same. */
const spellings: Record<string, TokenField> = {
  type: 'tokentype',
  user: 'username',
  user_id: 'userid',
  tokenrealm: 'realm',
  user_realm: 'realm',
}

list.get('/', async (call) => {
  const caller = await callerWith(call, 'enrol')
  const parameters = await parametersOf(call)
  const page = wholeNumber(parameters, 'page', { min: 1, max: 1_000_000, otherwise: 1 })
  const limit = wholeNumber(parameters, 'pagesize', {
    min: 1,
    max: 1000,
    otherwise: pageSizeOtherwise,
  })
  const types = listOf('type_list', parameters.get('type_list'))
  const active = truth(parameters, 'active')
  const assigned = truth(parameters, 'assigned')
  const { rows, count } = await listTokens(
    call.get('context').db,
    {
      customer: caller.customer,
      texts: textsOf(parameters),
      ...infoOf(parameters),
      ...(types.length > 0 && { types }),
      ...(active !== null && { active }),
      ...(assigned !== null && { assigned }),
      ...(caller.self && { ownerId: caller.self.ownerId }),
      ...(caller.realms && { realms: caller.realms }),
    },
    { limit, offset: (page - 1) * limit, ...orderOf(parameters) },
  )
  const tokens =
    rows.length === 1
      ? await Promise.all(rows.map((row) => asNow(call, row)))
      : rows.map((row) => describedToken(row))
  return answer(call, { value: { ...paging(count, page, limit), tokens } })
})

async function asNow(call: Call, row: ListedToken): Promise<Record<string, unknown>> {
  const address = addressOf(row.token)
  const [counters] = await reach(call.get('context'), address, (object) =>
    object.countersOf(address, [row.token.serial]),
  )
  return describedToken(row, counters ?? row.token)
}

function textsOf(parameters: Parameters): Partial<Record<TokenField, string>> {
  const texts: Partial<Record<TokenField, string>> = {}
  const names = [...tokenFields.map((name) => [name, name] as const), ...Object.entries(spellings)]
  for (const [name, field] of names) {
    const pattern = parameters.get(name).trim()
    // A bare * asks for nothing, and would leave out what is empty.
    if (pattern !== '' && !/^\*+$/.test(pattern)) texts[field] = pattern
  }
  return texts
}

/** Both or neither, as privacyIDEA has it. */
function infoOf(parameters: Parameters) {
  const [key, value] = [parameters.get('infokey').trim(), parameters.get('infovalue').trim()]
  return key !== '' && value !== '' ? { info: { key, value } } : {}
}

/** @returns null where it is not asked. */
function truth(parameters: Parameters, name: string): boolean | null {
  const text = parameters.get(name).trim().toLowerCase()
  if (text === '' || text === '*') return null
  if (['1', 'true', 'yes'].includes(text)) return true
  if (['0', 'false', 'no'].includes(text)) return false
  return refuse({ reason: 'bad_parameter', field: name, mend: 'must be true or false' })
}

function orderOf(parameters: Parameters) {
  const asked = parameters.get('sortby') || 'serial'
  const by = tokenOrders.find((known) => known === (spellings[asked] ?? asked))
  if (!by)
    refuse({
      reason: 'bad_parameter',
      field: 'sortby',
      mend: `must be one of ${tokenOrders.join(', ')}`,
    })
  return { by, descending: /^desc/i.test(parameters.get('sortdir')) }
}
