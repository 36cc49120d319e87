/**
 * What an authenticator app shows of a token: its label, who issued it, and a picture, as policies of scope enrollment say. For the
 * links of every kind of token; the link itself is the caller's.
 */
import type { Context } from '../env.ts'
import type { Subject } from '../policy/match.ts'
import { filled } from '../policy/tags.ts'
import { saidOf } from '../store/policies.ts'

export type LabelAbout = {
  customer: string
  serial: string
  /** null: nobody's token. */
  person: {
    username: string
    realm: string
    givenname: string
    surname: string
    resolver?: string
  } | null
  client?: string | null
}
export type Label = { label: string; issuer: string; image: string | null }

/** @throws Refusal policy_conflict */
export async function labelFor(
  context: Context,
  { customer, serial, person, client }: LabelAbout,
): Promise<Label> {
  const about: Omit<Subject, 'nowMs'> = {
    ...(person && { user: person.username, realm: person.realm }),
    ...(person?.resolver !== undefined && { resolver: person.resolver }),
    ...(client && { client }),
  }
  const said = async (action: 'tokenlabel' | 'tokenissuer' | 'appimageurl') =>
    saidOf(context, customer, 'enrollment', action, about)
  const tags = {
    serial,
    user: person?.username ?? '',
    realm: person?.realm ?? '',
    givenname: person?.givenname ?? '',
    surname: person?.surname ?? '',
  }
  const text = (value: unknown, otherwise: string): string =>
    value === null ? otherwise : filled(withNewTags(String(value)), tags)
  const image = await said('appimageurl')
  return {
    label: text(await said('tokenlabel'), serial),
    issuer: text(await said('tokenissuer'), context.deployment.issuer),
    image: image === null ? null : String(image),
  }
}

/** As the values of privacyIDEA's links are written: with slashes as they are, and nothing else that is not a letter or digit. */
export const quoted = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')

/** privacyIDEA's older spelling of the same. */
const withNewTags = (text: string): string =>
  text.replaceAll('<s>', '{serial}').replaceAll('<u>', '{user}').replaceAll('<r>', '{realm}')
