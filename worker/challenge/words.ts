/** What policies have the device ask and the login say. The code never stands in what the device is shown. */
import type { Context } from '../env.ts'
import type { ActionOf } from '../policy/actions.ts'
import type { Subject } from '../policy/match.ts'
import { type Tags, filled, timeTags } from '../policy/tags.ts'
import { saidOf } from '../store/policies.ts'

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
  const read = async (action: TextAction): Promise<string | null> => {
    const said = await saidOf(context, customer, 'authentication', action, about)
    return said === null ? null : String(said)
  }
  const tags: Tags = {
    ...timeTags(context.nowMs()),
    ...(about.user !== undefined && { user: about.user, username: about.user }),
    ...(about.realm !== undefined && { realm: about.realm }),
    ...(about.client !== undefined && { client_ip: about.client }),
  }
  const title = await read('push_title_on_mobile')
  const text = await read('push_text_on_mobile')
  const forPush = await read('push_challenge_text')
  const forAny = await read('challenge_text')
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
