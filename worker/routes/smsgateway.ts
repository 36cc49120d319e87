/**
 * /smsgateway, as privacyIDEA calls what it pushes and texts by: here the Firebase projects of native apps. A service account goes
 * in and never comes out again.
 */
import { refuse } from '../problem.ts'
import {
  type GatewayRow,
  deleteGateway,
  narrowGateway,
  readGateways,
  writeGateway,
} from '../store/gateways.ts'
import { type Caller, callerWith } from './decode/caller.ts'
import {
  accountOption,
  censored,
  firebaseModule,
  gatewayOf,
  gatewayOptions,
  idleOptions,
  optionName,
} from './decode/gateway.ts'
import { parametersOf } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { recorded } from './recorded.ts'
import { type Call, surface } from './surface.ts'

export const smsGateway = surface()

const told = ({ id, name, module, description, options, account }: GatewayRow) => ({
  ...{ id, name, providermodule: module, description, headers: {} },
  options: { ...options, ...(account !== null && { [accountOption]: censored }) },
})

const gatewaysOf = (call: Call, caller: Caller): Promise<GatewayRow[]> =>
  readGateways(call.get('context').db, caller.customer)

smsGateway.get('/', async (call) => {
  const caller = await callerWith(call, 'settings')
  return answer(call, { value: (await gatewaysOf(call, caller)).map(told) })
})

smsGateway.get('/providers', async (call) => {
  await callerWith(call, 'settings')
  const provider = { options_allowed: false, headers_allowed: false, parameters: gatewayOptions }
  return answer(call, { value: { [firebaseModule]: provider } })
})

smsGateway.get('/:id', async (call) => {
  const caller = await callerWith(call, 'settings')
  const all = await gatewaysOf(call, caller)
  return answer(call, {
    value: all.filter(({ id }) => String(id) === call.req.param('id')).map(told),
  })
})

smsGateway.post('/', async (call) => {
  const caller = await callerWith(call, 'settings')
  const context = call.get('context')
  const parameters = await parametersOf(call)
  const entry = {
    action: 'gateway_write',
    detail: { gateway: parameters.get('name').slice(0, longestName) },
  }
  return recorded(call, caller, entry, async (detail) => {
    const wish = await gatewayOf(parameters, context.deployment.pushHosts)
    const known = (await gatewaysOf(call, caller)).find(({ name }) => name === wish.name)
    if (!wish.account && !known?.account)
      refuse({ reason: 'missing_parameter', field: `option.${accountOption}` })
    detail.options = Object.keys(wish.options)
    detail.account = wish.account ? wish.account.client_email : 'as it was'
    const id = await writeGateway(context, { ...wish, customer: caller.customer })
    const idle = Object.keys(wish.options).filter((name) => idleOptions.includes(name))
    return answer(call, { value: id, ...(idle.length > 0 && { detail: { not_in_force: idle } }) })
  })
})

const longestName = 128

smsGateway.delete('/option/:id/:option', async (call) => {
  const caller = await callerWith(call, 'settings')
  const { id, option } = call.req.param()
  const name = optionName(option.replace(/^option\./, ''))
  const entry = { action: 'gateway_option_delete', detail: { id, option: name.slice(0, 64) } }
  return recorded(call, caller, entry, async () => {
    const gateway = (await gatewaysOf(call, caller)).find((one) => String(one.id) === id)
    if (!gateway) refuse({ reason: 'gateway_not_found' })
    const { [name]: _, ...options } = gateway.options
    const left = name === accountOption ? { account: null } : { options }
    await narrowGateway(call.get('context'), gateway.id, left)
    return answer(call, { value: gateway.id })
  })
})

smsGateway.delete('/:name', async (call) => {
  const caller = await callerWith(call, 'settings')
  const name = call.req.param('name')
  const entry = { action: 'gateway_delete', detail: { gateway: name.slice(0, longestName) } }
  return recorded(call, caller, entry, async () => {
    const gateway = (await gatewaysOf(call, caller)).find((one) => one.name === name)
    if (!gateway) refuse({ reason: 'gateway_not_found' })
    await deleteGateway(call.get('context'), gateway.id)
    return answer(call, { value: gateway.id })
  })
})
