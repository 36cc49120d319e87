/**
 * Settings as an administrator's scripts write them: any name with a text. Those that something obeys are checked; others are kept,
 * and whoever writes them is told that nothing comes of them.
 */
import { configurable } from '../../policy/kept.ts'
import { type ConfigRow, configNumber, configProblem } from '../../policy/settings.ts'
import { refuse } from '../../problem.ts'
import type { Parameters } from './parameters.ts'

const mostAtOnce = 100
const longestValue = 2000
/** privacyIDEA's clients say of a value what it is beside it. */
const beside = /\.(type|desc)$/

/** A name in any letter case, as privacyIDEA looks it up; one of ours as we spell it. */
export const configName = (name: string): string =>
  configurable.find(({ config }) => config.toLowerCase() === name.trim().toLowerCase())?.config ??
  name.trim()

export const isInForce = (name: string): boolean =>
  configurable.some(({ config }) => config === name)

/** @throws Refusal missing_parameter · bad_parameter. All are checked before one is written. */
export function configRows(parameters: Parameters): ConfigRow[] {
  const names = parameters.names().filter((name) => !beside.test(name))
  if (names.length === 0)
    refuse({
      reason: 'missing_parameter',
      field: configurable.map(({ config }) => config).join(' or '),
    })
  if (names.length > mostAtOnce)
    refuse({ reason: 'malformed_body', mend: `sets more than ${mostAtOnce} settings at once` })
  const rows = names.map((name) => {
    if (!/^[\w.-]{1,128}$/.test(configName(name)))
      refuse({
        reason: 'bad_parameter',
        field: name.slice(0, 128),
        mend: 'is no name of a setting: at most 128 letters, digits and . _ -',
      })
    // What is sealed is read back by what needs it, and nothing here needs one.
    if (parameters.get(`${name}.type`) === 'password')
      refuse({ reason: 'bad_parameter', field: name, mend: 'is a password: no setting keeps one' })
    return { name: configName(name), value: checked(configName(name), parameters.get(name)) }
  })
  return [...new Map(rows.map((row) => [row.name, row])).values()]
}

function checked(name: string, value: string): string {
  const setting = configurable.find(({ config }) => config === name)
  const problem = setting && configProblem(setting, configNumber(value))
  if (problem) refuse({ reason: 'bad_parameter', field: name, mend: problem })
  if (value.length > longestValue)
    refuse({
      reason: 'bad_parameter',
      field: name,
      mend: `must be at most ${longestValue} characters`,
    })
  return value
}
