/**
 * Holds an answer of ours against the one that was recorded: the same status, the same words and numbers where a client
 * decides by them, and every key there with the same JSON type. What we have more is no difference.
 */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
export type Difference = { path: string; recorded: unknown; ours: unknown }

/** Keys whose value must be the same, not only its type. */
const decisive = new Set([
  'active',
  'authentication',
  'challenge_status',
  'client_mode',
  'code',
  'container_serial',
  'count',
  'current',
  'description',
  'failcount',
  'hashlib',
  'hideResponseInput',
  'id',
  'jsonrpc',
  'locked',
  'message',
  'messages',
  'otplen',
  'preferred_client_mode',
  'question',
  'realm',
  'realms',
  'resolver',
  'revoked',
  'role',
  'rollout_state',
  'serial',
  'sslverify',
  'status',
  'threadid',
  'timeStep',
  'title',
  'transaction_id',
  'tokenkind',
  'tokentype',
  'type',
  'user_editable',
  'user_realm',
  'username',
])

/** `id` of a row counts up; `count` of a token is its counter. */
const counted = /^result\.value\.(tokens|challenges)\.\d+\.(id|count)$/

export function differences(recorded: Json, ours: Json | undefined, path = ''): Difference[] {
  const kind = kindOf(recorded)
  if (kindOf(ours) !== kind) return [{ path, recorded: shown(recorded), ours: shown(ours) }]
  if (Array.isArray(recorded) && Array.isArray(ours)) {
    // A list of texts (rights, menus) is ours to fill; a list of things has as many as were recorded.
    const things = recorded.some((one) => kindOf(one) === 'object')
    if (things && recorded.length !== ours.length)
      return [{ path: `${path}.length`, recorded: recorded.length, ours: ours.length }]
    if (things)
      return recorded.flatMap((one, index) => differences(one, ours[index], join(path, index)))
  } else if (kind === 'object') {
    const other = ours as { [name: string]: Json }
    return Object.entries(recorded as object).flatMap(([name, value]) =>
      differences(value as Json, other[name], join(path, name)),
    )
  }
  const name = path.split('.').at(-1) ?? ''
  const same = JSON.stringify(recorded) === JSON.stringify(ours)
  const matters = path === 'result.value' || (decisive.has(name) && !counted.test(path))
  return matters && !same ? [{ path, recorded, ours }] : []
}

const join = (path: string, name: string | number): string => (path ? `${path}.${name}` : `${name}`)

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value

const shown = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? kindOf(value) : value
