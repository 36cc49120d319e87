/** /policy: who may do what, and how logins go. In force everywhere within a second; a challenge keeps what it was made under. */
import type { Context } from '../env.ts'
import { type Scope, actionNamed, actions, isObeyed, isScope, scopes } from '../policy/actions.ts'
import { contradictions } from '../policy/contradiction.ts'
import type { Policy } from '../policy/match.ts'
import { refuse } from '../problem.ts'
import { deletePolicy, readPolicies, switchPolicy, writePolicy } from '../store/policies.ts'
import { callerWith } from './decode/caller.ts'
import { parametersOf } from './decode/parameters.ts'
import { policyOf } from './decode/policy.ts'
import { answer } from './encode/envelope.ts'
import { recorded } from './recorded.ts'
import { type Call, surface } from './surface.ts'

export const policy = surface()

/** As privacyIDEA tells of one; what we have no use for is there and empty. */
const told = ({ id: _, ...one }: Policy) => ({
  ...one,
  check_all_resolvers: false,
  conditions: [],
  pinode: [],
  user_agents: [],
})

policy.get('/defs', async (call) => {
  await callerWith(call, 'settings')
  return answer(call, { value: Object.fromEntries(scopes.map((scope) => [scope, defined(scope)])) })
})

policy.get('/defs/:scope', async (call) => {
  await callerWith(call, 'settings')
  const scope = call.req.param('scope')
  if (!isScope(scope))
    refuse({ reason: 'bad_parameter', field: 'scope', mend: `must be one of ${scopes.join(', ')}` })
  return answer(call, { value: defined(scope) })
})

const defined = (scope: keyof typeof actions) =>
  Object.fromEntries(
    Object.entries(actions[scope]).map(([name, { meaning, ...action }]) => [
      name,
      {
        ...action,
        desc: meaning,
        in_force: isObeyed(scope, name),
        ...('choices' in action && { value: action.choices }),
      },
    ]),
  )

policy.get('/', async (call) => {
  const caller = await callerWith(call, 'settings')
  const all = await readPolicies(call.get('context'), caller.customer)
  return answer(call, { value: all.map(told) })
})

policy.get('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  const all = await readPolicies(call.get('context'), caller.customer)
  return answer(call, {
    value: all.filter(({ name }) => name === call.req.param('name')).map(told),
  })
})

const switched = (active: boolean) => (call: Call) =>
  changed(call, active ? 'policy_enable' : 'policy_disable', switchPolicy, active)
policy.post('/enable/:name', switched(true))
policy.post('/disable/:name', switched(false))
policy.delete('/:name', (call) => changed(call, 'policy_delete', deletePolicy))

/** Where it helps nobody to find out at a login: what nothing obeys yet, and who will contradict whom. */
policy.post('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  const name = call.req.param('name')
  const entry = { action: 'policy_write', detail: { policy: name.slice(0, longestName) } }
  return recorded(call, caller, entry, async (detail) => {
    const context = call.get('context')
    const given = policyOf(name, await parametersOf(call))
    Object.assign(detail, { scope: given.scope, says: given.action })
    const others = await readPolicies(context, caller.customer)
    const id = await writePolicy(context, { ...given, customer: caller.customer })
    const idle = Object.keys(given.action).filter((action) => !isObeyed(given.scope, action))
    const contradicts = contradictions(given, others)
    const warnings = warningsOf(given.scope, Object.keys(given.action))
    const warned = [idle, contradicts, warnings].some((one) => Object.keys(one).length > 0)
    return answer(call, {
      value: { [`setPolicy ${given.name}`]: id },
      ...(warned && {
        detail: {
          ...(idle.length > 0 && { not_in_force_yet: idle }),
          ...(Object.keys(contradicts).length > 0 && { contradicts }),
          ...(Object.keys(warnings).length > 0 && { warnings }),
        },
      }),
    })
  })
})

const longestName = 128

/** By the action: what a right that it gives away is worth to somebody else. */
const warningsOf = (scope: Scope, names: string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const warning = actionNamed(scope, name)?.warning
      return warning === undefined ? [] : [[name, warning]]
    }),
  )

async function changed<More extends unknown[]>(
  call: Call,
  action: string,
  change: (
    context: Context,
    customer: string,
    name: string,
    ...more: More
  ) => Promise<number | null>,
  ...more: More
): Promise<Response> {
  const caller = await callerWith(call, 'settings')
  const name = call.req.param('name') ?? ''
  const entry = { action, detail: { policy: name.slice(0, longestName) } }
  return recorded(call, caller, entry, async () => {
    const id = await change(call.get('context'), caller.customer, name, ...more)
    return answer(call, { value: id ?? refuse({ reason: 'policy_not_found' }) })
  })
}
