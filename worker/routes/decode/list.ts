/** Parameters that hold more than one value: a JSON list, or names with commas. */
import { refuse } from '../../problem.ts'

/** @throws Refusal bad_parameter */
export function listOf(field: string, text: string): string[] {
  const entries = text.trim().startsWith('[') ? jsonOf(field, text) : text.split(',')
  if (!Array.isArray(entries) || !entries.every((entry) => typeof entry === 'string'))
    refuse({ reason: 'bad_parameter', field, mend: 'must be names, separated by commas' })
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== '')
}

/** @throws Refusal bad_parameter */
export function jsonOf(field: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return refuse({ reason: 'bad_parameter', field, mend: 'is not valid JSON' })
  }
}
