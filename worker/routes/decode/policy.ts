/** A policy as privacyIDEA's clients write it: lists as JSON or with commas, actions as an object or as `name=value, flag`. */
import {
  type Scope,
  type Value,
  actionNamed,
  isScope,
  readValue,
  scopes,
} from '../../policy/actions.ts'
import { isNetwork } from '../../policy/network.ts'
import { parseTimes } from '../../policy/time.ts'
import { refuse } from '../../problem.ts'
import { jsonOf, listOf } from './list.ts'
import { type Parameters, wholeNumber } from './parameters.ts'

const lists = ['resolver', 'user', 'adminrealm', 'adminuser', 'client'] as const

/** @throws Refusal missing_parameter · bad_parameter, naming the field or the action. */
export function policyOf(name: string, parameters: Parameters) {
  if (!/^[\w .-]{1,128}$/.test(name))
    refuse({
      reason: 'bad_parameter',
      field: 'name',
      mend: 'must be letters, digits, blanks, dots, - and _',
    })
  const scope = parameters.need('scope')
  if (!isScope(scope))
    refuse({ reason: 'bad_parameter', field: 'scope', mend: `must be one of ${scopes.join(', ')}` })
  const action = actionsOf(scope, parameters.need('action'))
  // privacyIDEA insists that it is there, though it may be empty.
  const realm = listOf('realm', parameters.need('realm'))
  const named = Object.fromEntries(
    lists.map((list) => [list, listOf(list, parameters.get(list))]),
  ) as Record<(typeof lists)[number], string[]>
  // A limit that nothing looks at would be a limit in name only.
  const unheard = (['adminrealm', 'adminuser'] as const).find((list) => named[list].length > 0)
  if (unheard && scope !== 'admin')
    refuse({
      reason: 'bad_parameter',
      field: unheard,
      mend: 'is for policies of scope admin: leave it empty',
    })
  const wrong = named.client.find((entry) => !isNetwork(entry))
  if (wrong !== undefined)
    refuse({
      reason: 'bad_parameter',
      field: 'client',
      mend: `must be addresses and networks; '${wrong}' is neither`,
    })
  const time = parameters.get('time').trim()
  if (time !== '' && parseTimes(time) === null)
    refuse({
      reason: 'bad_parameter',
      field: 'time',
      mend: 'must be as in Mon-Fri: 9-18, Sat: 10:00-12:00',
    })
  return {
    name,
    scope,
    action,
    realm,
    ...named,
    time,
    active: truth(parameters, 'active', true),
    priority: wholeNumber(parameters, 'priority', { min: 1, max: 1_000_000, otherwise: 1 }),
    description: parameters.get('description').slice(0, 1024),
  }
}

function truth(parameters: Parameters, name: string, otherwise: boolean): boolean {
  if (!parameters.has(name)) return otherwise
  if (/^(true|1)$/i.test(parameters.get(name))) return true
  if (/^(false|0)$/i.test(parameters.get(name))) return false
  return refuse({ reason: 'bad_parameter', field: name, mend: 'must be true or false' })
}

function actionsOf(scope: Scope, text: string): Record<string, Value> {
  const given = text.trim().startsWith('{') ? jsonOf('action', text) : pairsOf(text)
  const read: Record<string, Value> = {}
  for (const [name, value] of Object.entries(given as Record<string, unknown>)) {
    const action = actionNamed(scope, name)
    if (!action)
      refuse({
        reason: 'bad_parameter',
        field: 'action',
        mend: `: '${name}' is no action of scope ${scope}`,
      })
    const result = readValue(action, value)
    if ('problem' in result) refuse({ reason: 'bad_parameter', field: name, mend: result.problem })
    // A flag that is not set is not there.
    if (result.value !== false) read[name] = result.value
  }
  if (Object.keys(read).length === 0)
    refuse({ reason: 'bad_parameter', field: 'action', mend: 'must name at least one action' })
  return read
}

/** `a=1, b, c=two words`: a comma begins the next action only where a name follows it. */
const pairsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(/,(?=\s*\w+\s*(?:=|,|$))/)
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part) => {
        const at = part.indexOf('=')
        return at < 0 ? [part, ''] : [part.slice(0, at).trim(), part.slice(at + 1).trim()]
      }),
  )
