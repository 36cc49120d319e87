/** What an answer of /validate/check tells beside its outcome: as much as the policies let it, and the person where they ask for it. */
import type { Rules } from '../../challenge/rules.ts'
import type { Person } from '../../store/people.ts'
import { profile } from '../user-list.ts'
import type { Result } from './envelope.ts'

/** privacyIDEA's words for a failure that nobody is told the reason of. */
export const hiddenMessage = 'Authentication failed.'

export type Concluding = {
  told: Rules['told']
  isHidden: boolean
  realm: string | undefined
  /** Read where a policy asks for them. */
  person: () => Promise<{ person: Person; attributes: [string, string][] } | null>
}

export async function concluded(
  result: Result,
  { told, isHidden, realm, person }: Concluding,
): Promise<Result> {
  const { detail, ...rest } = result
  if (result.authentication === 'CHALLENGE') return result
  if (result.value !== true) {
    if (!told.onFail) return rest
    return isHidden ? { ...rest, detail: { message: hiddenMessage } } : result
  }
  const found = told.person || told.resolver ? await person() : null
  const shown = {
    ...(told.onSuccess && detail),
    ...(found && told.person && { user: described(found.person, found.attributes) }),
    ...(found &&
      told.resolver && { 'user-resolver': found.person.resolver, 'user-realm': realm ?? '' }),
  }
  return Object.keys(shown).length > 0 ? { ...rest, detail: shown } : rest
}

/** What was noted never stands in for what the resolver knows. */
const described = (person: Person, attributes: [string, string][]): Record<string, unknown> => ({
  ...Object.fromEntries(attributes),
  ...Object.fromEntries(profile.map((field) => [field, person[field]])),
  username: person.username,
  userid: person.id,
  password: '',
})
