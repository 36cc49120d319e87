/** What policies have the device ask and the login say. The code never stands in what the device is shown. */
import type { Context } from '../env.ts'
import { type Tags, filled, timeTags } from '../policy/tags.ts'
import { type Sayings, sayingsOf } from '../store/policies.ts'
import { rememberedPerson } from '../store/people.ts'
import type { Whose } from './whose.ts'

export type Words = {
  /** For the device; absent where no policy speaks. {serial} is the object's to fill in. */
  title?: string
  text?: string
  /** For the login, for each challenge; null where no policy speaks. */
  said: (challenge: { type: string; serial: string }, code: string | null) => string | null
  /** All of them in one. */
  framed: (messages: string[]) => string
  /** Which kind of challenge a login shows first. */
  preferred: (modes: string[]) => string
}

export type Saying = { client: string | null; agent?: string; challenge?: string }

type TextAction =
  | 'push_text_on_mobile'
  | 'push_title_on_mobile'
  | 'push_challenge_text'
  | 'challenge_text'
  | 'challenge_text_header'
  | 'challenge_text_footer'

/** @throws Refusal policy_conflict */
export async function wordsFor(
  context: Context,
  { address, person, about }: Whose,
  saying: Saying,
): Promise<Words> {
  const { client } = saying
  const subject = { ...about, ...(client !== null && { client }) }
  const sayings = await sayingsOf(context, address.customer, subject)
  const read = (action: TextAction): string | null => {
    const said = sayings.said('authentication', action)
    return said === null ? null : String(said)
  }
  const title = read('push_title_on_mobile')
  const text = read('push_text_on_mobile')
  const forPush = read('push_challenge_text')
  const forAny = read('challenge_text')
  const header = read('challenge_text_header')
  const footer = read('challenge_text_footer')
  const texts = [title, text, forPush, forAny, header, footer]
  const namesPerson = texts.some((one) => one !== null && /\{(user|givenname|surname)\}/.test(one))
  const tags: Tags = texts.every((one) => one === null)
    ? {}
    : {
        ...timeTags(context.nowMs()),
        ...agentTags(saying),
        ...(namesPerson && person !== null && (await personTags(context, person))),
        ...(about.user !== undefined && { username: about.user }),
        ...(about.realm !== undefined && { realm: about.realm, userrealm: about.realm }),
        ...(client !== null && { client_ip: client }),
      }
  const onDevice = { ...tags, tokentype: 'push' }
  return {
    ...(title !== null && { title: filled(title, onDevice) }),
    ...(text !== null && { text: filled(text, onDevice) }),
    said: ({ type, serial }, code) => {
      const chosen = type === 'push' ? (forPush ?? forAny) : forAny
      if (chosen === null) return null
      const own = { ...tags, serial, tokentype: type }
      return filled(chosen, { ...own, ...(code !== null && { presence_answer: code }) })
    },
    framed: (messages) =>
      header === null
        ? listed(messages)
        : framed(filled(header, tags), messages, filled(footer ?? '', tags)),
    preferred: preference(sayings),
  }
}

function agentTags({ agent, challenge }: Saying): Tags {
  const [product = ''] = /^[^\s/]+/.exec(agent ?? '') ?? []
  return {
    ...(agent !== undefined && { ua_string: agent, ua_browser: product }),
    ...(challenge !== undefined && { challenge }),
  }
}

/** {user} is the given name, as on the wire; who has none is called by their user name. */
async function personTags(context: Context, id: string): Promise<Tags> {
  const person = await rememberedPerson(context, id)
  if (!person) return {}
  const { givenname, surname, username } = person
  return { user: givenname || username, givenname, surname }
}

const distinct = (messages: string[]): string[] => [...new Set(messages)]
const listed = (messages: string[]): string => distinct(messages).join(', ')

/** A header that opens a list makes list items of them. The footer closes it. */
const framed = (header: string, messages: string[], footer: string): string =>
  /<[uo]l>$/i.test(header.trimEnd())
    ? `${header}${distinct(messages)
        .map((message) => `<li>${message}</li>\n`)
        .join('')}${footer}`
    : `${header}\n${listed(messages)}\n${footer}`

const usualOrder = ['interactive', 'webauthn', 'poll']

function preference({ said }: Sayings): (modes: string[]) => string {
  const wish = said('authentication', 'preferred_client_mode')
  const order = wish === null ? usualOrder : String(wish).split(/\s+/).filter(Boolean)
  return (modes) => order.find((mode) => modes.includes(mode)) ?? 'interactive'
}
