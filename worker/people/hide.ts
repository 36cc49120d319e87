/** Whom somebody new would hide. */
import type { Context } from '../env.ts'
import { type Person, isNamedIn } from '../store/people.ts'
import { readRealms } from '../store/realms.ts'
import { ask } from './ask.ts'

/** @returns whether a realm that asks this resolver finds the name in a later one so far: made here, it would mean somebody else. */
export async function wouldHide(
  context: Context,
  { customer, resolver, username }: Pick<Person, 'customer' | 'resolver' | 'username'>,
): Promise<boolean> {
  const realms = await readRealms(context.db, customer)
  const later = new Map(
    realms.flatMap(({ resolvers: asked }) => {
      const at = asked.findIndex(({ name }) => name === resolver)
      return at < 0 ? [] : asked.slice(at + 1).map(({ name, type }) => [name, type] as const)
    }),
  )
  if (later.size === 0) return false
  if (await isNamedIn(context, { customer, username }, [...later.keys()])) return true
  for (const [name, type] of later)
    if (type !== 'local') {
      const job = { do: 'find', by: 'name', value: username } as const
      const { person } = await ask(context, { customer, resolver: name }, job)
      if (person) return true
    }
  return false
}
