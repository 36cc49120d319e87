/** /system: the configuration, with its meaning, and how to change it. */
import { configurable } from '../policy/kept.ts'
import { type ConfigRow, configNumber } from '../policy/settings.ts'
import { refuse } from '../problem.ts'
import { deleteConfig, readConfig, writeConfig } from '../store/settings.ts'
import { callerWith } from './decode/caller.ts'
import { configName, configRows, isInForce } from './decode/config.ts'
import { parametersOf } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { recorded } from './recorded.ts'
import { type Call, surface } from './surface.ts'

export const system = surface()

const settingsOf = async (call: Call): Promise<ConfigRow[]> => {
  const caller = await callerWith(call, 'settings')
  return readConfig(call.get('context'), caller.customer)
}

system.get('/', async (call) => {
  const rows = await settingsOf(call)
  return answer(call, { value: Object.fromEntries(rows.map(({ name, value }) => [name, value])) })
})

/** Our extension: every setting that something obeys, with its value in force, its range and its meaning. */
system.get('/documentation', async (call) => {
  const rows = await settingsOf(call)
  const value = Object.fromEntries(
    configurable.map(({ config, default: otherwise, min, max, meaning }) => {
      const row = rows.find(({ name }) => name === config)
      return [config, { value: row ? configNumber(row.value) : otherwise, min, max, meaning }]
    }),
  )
  return answer(call, { value })
})

system.get('/:key', async (call) => {
  const sought = configName(call.req.param('key')).toLowerCase()
  const row = (await settingsOf(call)).find(({ name }) => name.toLowerCase() === sought)
  return answer(call, { value: row?.value ?? null })
})

system.post('/setConfig', (call) => write(call, () => true))

/** What new tokens begin with; other names are passed over, as on the wire. */
const defaults = [
  'DefaultMaxFailCount',
  'DefaultSyncWindow',
  'DefaultCountWindow',
  'DefaultOtpLen',
  'DefaultResetFailCount',
]
system.post('/setDefault', (call) =>
  write(call, (name) => defaults.some((known) => known.toLowerCase() === name.toLowerCase())),
)

async function write(call: Call, isMeant: (name: string) => boolean): Promise<Response> {
  const caller = await callerWith(call, 'settings')
  const context = call.get('context')
  return recorded(call, caller, { action: 'settings' }, async (detail) => {
    const parameters = await parametersOf(call)
    const names = parameters.names().filter(isMeant)
    if (names.length === 0 && parameters.names().length > 0)
      refuse({ reason: 'missing_parameter', field: defaults.join(', ') })
    const rows = configRows({ ...parameters, names: () => names })
    const known = await readConfig(context, caller.customer)
    await writeConfig(context, caller.customer, rows)
    Object.assign(detail, Object.fromEntries(rows.map(({ name, value }) => [name, value])))
    const was = (name: string) => (known.some((row) => row.name === name) ? 'update' : 'insert')
    const idle = rows.map(({ name }) => name).filter((name) => !isInForce(name))
    return answer(call, {
      value: Object.fromEntries(rows.map(({ name }) => [name, was(name)])),
      ...(idle.length > 0 && { detail: { not_in_force: idle } }),
    })
  })
}

system.delete('/:key', async (call) => {
  const caller = await callerWith(call, 'settings')
  const key = configName(call.req.param('key'))
  const entry = { action: 'settings_delete', detail: { key: key.slice(0, 128) } }
  return recorded(call, caller, entry, async (detail) => {
    const gone = await deleteConfig(call.get('context'), caller.customer, key)
    detail.found = gone
    return answer(call, { value: gone ? 1 : 0 })
  })
})
