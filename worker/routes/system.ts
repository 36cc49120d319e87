/** /system: the configuration, with its meaning, and how to change it. */
import { configNumber, configProblem, configured } from '../policy/settings.ts'
import { refuse } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'
import { deleteConfig, readConfig, writeConfig } from '../store/settings.ts'
import { callerWith } from './decode/caller.ts'
import { type Parameters, parametersOf } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { surface } from './surface.ts'

export const system = surface()

const names = configured.map(({ config }) => config)

system.get('/', async (call) => {
  const caller = await callerWith(call, 'settings')
  const rows = await readConfig(call.var.context, caller.customer)
  return answer(call, { value: Object.fromEntries(rows.map(({ name, value }) => [name, value])) })
})

/** Our extension: every setting with its value in force, its range and its meaning. */
system.get('/documentation', async (call) => {
  const caller = await callerWith(call, 'settings')
  const rows = await readConfig(call.var.context, caller.customer)
  const value = Object.fromEntries(
    configured.map(({ config, default: otherwise, min, max, meaning }) => {
      const row = rows.find(({ name }) => name === config)
      return [config, { value: row ? configNumber(row.value) : otherwise, min, max, meaning }]
    }),
  )
  return answer(call, { value })
})

system.get('/:key', async (call) => {
  const caller = await callerWith(call, 'settings')
  const rows = await readConfig(call.var.context, caller.customer)
  return answer(call, {
    value: rows.find(({ name }) => name === call.req.param('key'))?.value ?? null,
  })
})

system.post('/setConfig', async (call) => {
  const caller = await callerWith(call, 'settings')
  const parameters = await parametersOf(call)
  const given = names.filter((name) => parameters.has(name))
  if (given.length === 0) refuse({ reason: 'missing_parameter', field: names.join(' or ') })
  // All are checked before one is written.
  const rows = given.map((name) => ({ name, value: checked(name, parameters) }))
  const known = await readConfig(call.var.context, caller.customer)
  await writeConfig(call.var.context, caller.customer, rows)
  await writeAudit(call.var.context, {
    customer: caller.customer,
    action: 'settings',
    success: true,
    application: caller.application.id,
    detail: {
      by: caller.name,
      ...Object.fromEntries(rows.map(({ name, value }) => [name, value])),
    },
  })
  const was = (name: string) => (known.some((row) => row.name === name) ? 'update' : 'insert')
  return answer(call, { value: Object.fromEntries(given.map((name) => [name, was(name)])) })
})

system.delete('/:key', async (call) => {
  const caller = await callerWith(call, 'settings')
  const gone = await deleteConfig(call.var.context, caller.customer, call.req.param('key'))
  return answer(call, { value: gone ? 1 : 0 })
})

function checked(name: string, parameters: Parameters): string {
  const setting = configured.find(({ config }) => config === name)
  const text = parameters.get(name)
  const problem = setting && configProblem(setting, configNumber(text))
  if (problem) refuse({ reason: 'bad_parameter', field: name, mend: problem })
  return text
}
