/** Names that an administrator chooses: realms and resolvers, people and what is noted about them. */
import { refuse } from '../../problem.ts'
import type { Parameters } from './parameters.ts'

export const longestValue = 255
const longestName = 64

/** A realm or a resolver: lower case, and safe in a path, a list and `user@realm`. @throws Refusal bad_parameter */
export function placeName(text: string, field: 'realm' | 'resolver'): string {
  const name = text.trim().toLowerCase()
  if (name.length > longestName || !/^[a-z0-9_.-]+$/.test(name))
    refuse({
      reason: 'bad_parameter',
      field,
      mend: `must be 1 to ${longestName} letters, digits or any of _ . -`,
    })
  return name
}

/** @throws Refusal missing_parameter · bad_parameter */
export function username(parameters: Parameters): string {
  const name = parameters.need('user').trim()
  // A backslash would make the name ambiguous wherever DOM\user is understood.
  if (name === '' || name.length > longestValue || /[\\\p{C}]/u.test(name))
    refuse({
      reason: 'bad_parameter',
      field: 'user',
      mend: `must be 1 to ${longestValue} characters, without backslash or control characters`,
    })
  return name
}

/** @throws Refusal bad_parameter */
export function valueOf(parameters: Parameters, name: string): string {
  const value = parameters.get(name).trim()
  if (value.length > longestValue)
    refuse({
      reason: 'bad_parameter',
      field: name,
      mend: `must be at most ${longestValue} characters`,
    })
  return value
}
