/**
 * The password of a person, wherever their resolver keeps it: the one place that compares it. A hash of ours is compared here; a
 * directory is asked to let them in. No password is remembered, and nobody's is told to a directory that is not theirs.
 */
import type { Context } from '../env.ts'
import { toBase64url } from '../../schema/encoding.ts'
import { type Place, ask } from '../people/ask.ts'
import { writeAudit } from '../record/audit.ts'
import { type Person, findPerson, rememberedPerson } from '../store/people.ts'
import { resolversOf } from '../store/realms.ts'
import { matching } from './pin.ts'

export type Whose = {
  customer: string
  /** null: nobody. */
  person: string | null
  realm: string | undefined
}

export type Userstore = {
  /** Reads what there is to read of this person, without comparing anything. */
  look: () => Promise<unknown>
  /** @returns those of these texts that are the password. @throws Refusal directory_unavailable */
  right: (texts: string[], atLeast?: number) => Promise<Set<string>>
}

/** No hash begins so: nothing matches it. */
const none = 'none'

/**
 * Looked up when it is first asked for, and once.
 * @param afresh for callers who may not know: D1 and the directories are asked for nobody too.
 */
export function userstoreOf(context: Context, whose: Whose, afresh = false): Userstore {
  let found: Promise<Person | null> | null = null
  const look = () => (found ??= lookedUp(context, whose.person, afresh))
  return {
    look,
    async right(given, atLeast = 0) {
      const texts = [...new Set(given)].filter((text) => text !== '')
      const row = await look()
      const isHere = row?.uid === null || row?.uid === undefined
      const stored = (isHere && row?.passwordHash) || none
      const guesses = isHere ? texts.map((typed) => ({ typed, stored })) : []
      const right = await matching(context, guesses, atLeast)
      if (isHere) {
        if (afresh) await askForNobody(context, whose, texts.length)
        return new Set(right.map(({ typed }) => typed))
      }
      return rightAt(context, row!, texts)
    },
  }
}

/**
 * Of whoever signs in with a password alone, known or not: nobody costs what somebody does.
 * @param atLeast 0 where a hash was derived for this name already.
 */
export const isPasswordOf = async (
  context: Context,
  whose: Whose,
  password: string,
  atLeast = 1,
): Promise<boolean> =>
  (await userstoreOf(context, whose, true).right([password], atLeast)).has(password)

async function lookedUp(context: Context, person: string | null, afresh: boolean) {
  if (afresh) return findPerson(context, person ?? '')
  return person === null ? null : rememberedPerson(context, person)
}

async function rightAt(context: Context, person: Person, texts: string[]): Promise<Set<string>> {
  if (texts.length === 0) return new Set()
  const { customer, resolver, uid, username } = person
  const place = { customer, resolver }
  const job = { do: 'check', uid: uid ?? '', passwords: texts } as const
  const { right, wrong } = await ask(context, place, job)
  if (right !== null) return new Set(texts.slice(right, right + 1))
  // Whoever asks is told no more than that it was wrong; who looks for the reason finds it in the trail.
  if (wrong !== 'wrong')
    await writeAudit(context, {
      customer,
      action: 'userstore',
      success: false,
      user: username,
      detail: { resolver, reason: `password_${wrong}` },
    })
  return new Set()
}

/** As many tries as somebody would have cost, with passwords that nobody typed. */
async function askForNobody(context: Context, { customer, realm }: Whose, tries: number) {
  const resolvers = await resolversOf(context, customer, realm ?? '')
  const directory = resolvers.find(({ type }) => type !== 'local')
  if (!directory || tries === 0) return
  const madeUp = () => toBase64url(context.random(12))
  const place: Place = { customer, resolver: directory.name }
  const passwords = Array.from({ length: tries }, madeUp)
  await ask(context, place, { do: 'check', uid: madeUp(), passwords })
}
