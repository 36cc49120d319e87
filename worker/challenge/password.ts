/** The password that a person's resolver knows, as far as it may be compared here. */
import type { Context } from '../env.ts'
import { findPerson, rememberedPerson } from '../store/people.ts'

/** No hash begins so: nothing matches it. */
const none = 'none'

export type Password = () => Promise<string>

/** Looked up when it is first asked for, and once. @param afresh asks D1 for nobody too. @returns a hash, of no password where there is none. */
export function passwordOf(context: Context, person: string | null, afresh: boolean): Password {
  let found: Promise<string> | null = null
  return () => (found ??= look(context, person, afresh))
}

async function look(context: Context, person: string | null, afresh: boolean): Promise<string> {
  if (afresh) return (await findPerson(context, person ?? ''))?.passwordHash ?? none
  return (person === null ? null : await rememberedPerson(context, person))?.passwordHash ?? none
}
