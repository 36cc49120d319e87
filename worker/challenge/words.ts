/** What policies have the device ask and the login say. The code never stands in what the device is shown. */
import type { Context } from '../env.ts'
import type { ActionOf } from '../policy/actions.ts'
import { type Subject, valueOf } from '../policy/match.ts'
import { type Tags, filled, timeTags } from '../policy/tags.ts'
import { refuse } from '../problem.ts'
import { readPolicies } from '../store/policies.ts'

type TextAction = ActionOf<'authentication'> &
  ('push_text_on_mobile' | 'push_title_on_mobile' | 'push_challenge_text' | 'challenge_text')

export type Words = {
  /** For the device; absent where no policy speaks. */
  title?: string
  text?: string
  /** For the login, per kind of token; null where no policy speaks. */
  said: (type: string, code: string | null) => string | null
}

export async function wordsFor(
  context: Context,
  customer: string,
  about: Omit<Subject, 'nowMs'>,
): Promise<Words> {
  const policies = await readPolicies(context, customer)
  const nowMs = context.nowMs()
  const read = (action: TextAction): string | null => {
    const said = valueOf(policies, 'authentication', action, { ...about, nowMs })
    if (said && 'conflict' in said) refuse({ reason: 'policy_conflict', policies: said.conflict })
    return said === null ? null : String(said.value)
  }
  const tags: Tags = {
    ...timeTags(nowMs),
    ...(about.user !== undefined && { user: about.user, username: about.user }),
    ...(about.realm !== undefined && { realm: about.realm }),
    ...(about.client !== undefined && { client_ip: about.client }),
  }
  const [title, text] = [read('push_title_on_mobile'), read('push_text_on_mobile')]
  const [forPush, forAny] = [read('push_challenge_text'), read('challenge_text')]
  return {
    ...(title !== null && { title: filled(title, tags) }),
    ...(text !== null && { text: filled(text, tags) }),
    said: (tokentype, code) => {
      const chosen = tokentype === 'push' ? (forPush ?? forAny) : forAny
      if (chosen === null) return null
      return filled(chosen, { ...tags, tokentype, ...(code !== null && { presence_answer: code }) })
    },
  }
}
