/** Requests in OAuth's form: each parameter once (RFC 6749 §3.1), decoded once. */
import { type Authenticated, authenticate } from '../../grant/authenticate.ts'
import { oauthRefusal } from '../../grant/refusal.ts'
import type { Call } from '../surface.ts'

export type Given = Record<string, string>

/** @throws Refusal invalid_request */
function once(entries: Iterable<[string, string]>): Given {
  const given: Given = {}
  for (const [name, value] of entries) {
    if (Object.hasOwn(given, name)) oauthRefusal('invalid_request', `${name} stands there twice`)
    if (value.includes('\0')) oauthRefusal('invalid_request', `${name} has a NUL character`)
    // What is empty is as good as absent.
    if (value !== '') given[name] = value
  }
  return given
}

/** Of the query, or of a form where it is posted. @throws Refusal invalid_request */
export async function givenIn(call: Call): Promise<Given> {
  if (call.req.method === 'GET') return once(new URL(call.req.url).searchParams)
  const type = (call.req.header('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded')
    oauthRefusal('invalid_request', 'the body must be application/x-www-form-urlencoded')
  const form = await call.req.formData()
  return once(
    [...form.entries()].flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )
}

/** From here on the request is about its customer. @throws Refusal invalid_client · invalid_request */
export async function applicationOf(call: Call, parameters: Given): Promise<Authenticated> {
  const authorization = call.req.header('Authorization')
  const known = await authenticate(call.get('context'), { authorization, parameters })
  call.set('context', known.context)
  return known
}
