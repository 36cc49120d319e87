/** Which application sends a request: by its Client ID with a secret (RFC 6749 §2.3.1), or with a statement that its key has signed (RFC 7523). */
import { sha256 } from '../../schema/encoding.ts'
import { equalSecrets } from '../crypto/equal.ts'
import type { Context } from '../env.ts'
import { type Registration, secretsOf } from '../store/registrations.ts'
import { type Known, findKnown } from './known.ts'
import { oauthRefusal } from './refusal.ts'
import { keyName, readStatement } from './statement.ts'

/** by: what it showed, so that what is given for it ends with it. */
export type Authenticated = Known & { by: string }

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export type Shown = { authorization: string | undefined; parameters: Record<string, string> }

/** @throws Refusal invalid_client · invalid_request */
export async function authenticate(
  here: Context,
  { authorization, parameters }: Shown,
): Promise<Authenticated> {
  const { client_id: named, client_secret: posted, client_assertion: assertion } = parameters
  const basic = authorization === undefined ? null : basicOf(authorization)
  const ways = [basic, posted, assertion].filter((way) => way !== null && way !== undefined)
  if (ways.length > 1)
    oauthRefusal('invalid_request', 'shows more than one secret or statement of the application')
  const clientId = basic?.id ?? named ?? (assertion ? (issuerIn(assertion) ?? '') : '')
  if (basic && named !== undefined && named !== basic.id)
    oauthRefusal('invalid_request', 'client_id is not the one in the Authorization header')
  const known = await findKnown(here, clientId)
  if (!known) return refused()
  if (assertion !== undefined) {
    if (parameters['client_assertion_type'] !== assertionType)
      oauthRefusal('invalid_request', `client_assertion_type must be ${assertionType}`)
    const { kid } = await readStatement(known, assertion, 'assertion')
    return { ...known, by: kid }
  }
  const by = await secretShown(known, basic?.secret ?? posted ?? '')
  return by === null ? refused() : { ...known, by }
}

/** @returns the id of the secret. */
async function secretShown(
  { context, application }: Known,
  secret: string,
): Promise<string | null> {
  const hash = await sha256(secret)
  const secrets = await secretsOf(context, application.id)
  return secrets.find((one) => equalSecrets(hash, one.hash))?.id ?? null
}

/** Whether what an application showed then is good today. */
export async function isStillShown(
  context: Context,
  { application, keys }: Registration,
  by: string,
): Promise<boolean> {
  if (!by.startsWith('key ')) {
    const secrets = await secretsOf(context, application)
    return secrets.some(({ id }) => id === by)
  }
  const names = await Promise.all(keys.map((key) => keyName(key)))
  return names.includes(by)
}

const refused = (): never =>
  oauthRefusal('invalid_client', 'the Client ID, or what is shown with it, is not valid')

/** RFC 6749 §2.3.1: both are form-encoded before they are joined. */
function basicOf(authorization: string): { id: string; secret: string } | null {
  const [, encoded] = /^Basic\s+([\w+/=-]+)$/i.exec(authorization) ?? []
  if (encoded === undefined) return null
  try {
    const text = atob(encoded)
    const at = text.indexOf(':')
    if (at < 0) return null
    const plain = (part: string) => decodeURIComponent(part.replaceAll('+', ' '))
    return { id: plain(text.slice(0, at)), secret: plain(text.slice(at + 1)) }
  } catch {
    return null
  }
}

/** Not yet verified. */
function issuerIn(jwt: string): string | null {
  try {
    const [, payload = ''] = jwt.split('.')
    const json = atob(payload.replaceAll('-', '+').replaceAll('_', '/'))
    const { iss } = JSON.parse(json) as { iss?: unknown }
    return typeof iss === 'string' ? iss : null
  } catch {
    return null
  }
}
