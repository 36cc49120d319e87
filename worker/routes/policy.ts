/** /policy: who may do what, and how logins go. In force everywhere within a second; a challenge keeps what it was made under. */
import { actions, isObeyed, isScope, scopes } from '../policy/actions.ts'
import type { Policy } from '../policy/match.ts'
import { refuse } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'
import { deletePolicy, readPolicies, switchPolicy, writePolicy } from '../store/policies.ts'
import { type Caller, callerWith } from './decode/caller.ts'
import { parametersOf } from './decode/parameters.ts'
import { policyOf } from './decode/policy.ts'
import { answer } from './encode/envelope.ts'
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
  const all = await readPolicies(call.var.context, caller.customer)
  return answer(call, { value: all.map(told) })
})

policy.get('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  const all = await readPolicies(call.var.context, caller.customer)
  return answer(call, {
    value: all.filter(({ name }) => name === call.req.param('name')).map(told),
  })
})

const switched = (active: boolean) => async (call: Call) => {
  const caller = await callerWith(call, 'settings')
  const name = call.req.param('name') ?? ''
  const id = await switchPolicy(call.var.context, caller.customer, name, active)
  await record(call, caller, active ? 'policy_enable' : 'policy_disable', name, id !== null)
  return answer(call, { value: id ?? refuse({ reason: 'policy_not_found' }) })
}
policy.post('/enable/:name', switched(true))
policy.post('/disable/:name', switched(false))

policy.post('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  const given = policyOf(call.req.param('name'), await parametersOf(call))
  const id = await writePolicy(call.var.context, { ...given, customer: caller.customer })
  await record(call, caller, 'policy_write', given.name, true)
  const idle = Object.keys(given.action).filter((name) => !isObeyed(given.scope, name))
  return answer(call, {
    value: { [`setPolicy ${given.name}`]: id },
    ...(idle.length > 0 && { detail: { not_in_force_yet: idle } }),
  })
})

policy.delete('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  const name = call.req.param('name')
  const id = await deletePolicy(call.var.context, caller.customer, name)
  await record(call, caller, 'policy_delete', name, id !== null)
  return answer(call, { value: id ?? refuse({ reason: 'policy_not_found' }) })
})

const record = (call: Call, caller: Caller, action: string, name: string, success: boolean) =>
  writeAudit(call.var.context, {
    customer: caller.customer,
    action,
    success,
    application: caller.application.id,
    detail: { by: caller.name, policy: name },
  })
