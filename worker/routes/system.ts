/** /system: the settings, with their meaning, and how to change one. */
import { type SettingName, definitions, settingNames, settingProblem } from '../policy/settings.ts'
import { refuse } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'
import { readSettings, writeSettings } from '../store/settings.ts'
import { callerWith } from './decode/caller.ts'
import { parametersOf } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { surface } from './surface.ts'

export const system = surface()

system.get('/', async (call) => {
  const caller = await callerWith(call, 'settings')
  const settings = await readSettings(call.var.context, caller.customer)
  return answer(call, {
    value: Object.fromEntries(
      settingNames.map((name) => [name, { value: settings[name], ...definitions[name] }]),
    ),
  })
})

system.post('/setConfig', async (call) => {
  const caller = await callerWith(call, 'settings')
  const parameters = await parametersOf(call)
  const given = settingNames.filter((name) => parameters.has(name))
  if (given.length === 0) refuse({ reason: 'missing_parameter', field: settingNames.join(' or ') })
  // All are checked before one is written.
  const values = given.map((name) => [name, checked(name, parameters.get(name))] as const)
  await writeSettings(call.var.context, caller.customer, values)
  await writeAudit(call.var.context, {
    customer: caller.customer,
    action: 'settings',
    success: true,
    application: caller.application.id,
    detail: { by: caller.name, ...Object.fromEntries(values) },
  })
  return answer(call, { value: Object.fromEntries(given.map((name) => [name, 'update'])) })
})

function checked(name: SettingName, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (settingProblem(name, value) !== null) {
    const { min, max } = definitions[name]
    refuse({
      reason: 'bad_parameter',
      field: name,
      mend: `must be a whole number from ${min} to ${max}`,
    })
  }
  return value
}
