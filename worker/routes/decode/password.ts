/** A password that an account shall have. */
import { refuse } from '../../problem.ts'
import type { Parameters } from './parameters.ts'

const shortest = 12
const longest = 1024

/** @throws Refusal missing_parameter · bad_parameter */
export function checkedPassword(parameters: Parameters, field: string): string {
  const password = parameters.need(field)
  if (password.length < shortest || password.length > longest)
    refuse({ reason: 'bad_parameter', field, mend: `must be at least ${shortest} characters` })
  return password
}
