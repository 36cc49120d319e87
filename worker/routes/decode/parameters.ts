/**
 * Parameters as privacyIDEA's clients send them: query, urlencoded, multipart or JSON, on GET and POST alike. Values are URL-unquoted
 * once more (the Java and FreeRADIUS clients encode twice), unless the client is known not to, or the body is JSON.
 */
import { refuse } from '../../problem.ts'
import type { Bound, Call } from '../surface.ts'

export type Parameters = {
  names: () => string[]
  /** '' where it is absent. */
  get: (name: string) => string
  has: (name: string) => boolean
  /** @throws Refusal missing_parameter */
  need: (name: string) => string
}

/** These encode once, so that a percent sign of theirs is a percent sign. */
const encodeOnce = /^(privacyidea-cp|privacyidea-ldap-proxy|simplesamlphp)\b/i

export async function parametersOf(call: Call): Promise<Parameters> {
  const values = new Map<string, string>()
  const unquote = encodeOnce.test(call.req.header('User-Agent') ?? '') ? same : unquoteOnce
  for (const [name, value] of Object.entries(call.req.query())) values.set(name, unquote(value))
  const body = await bodyOf(call)
  for (const [name, value] of body.entries) values.set(name, body.json ? value : unquote(value))
  for (const value of values.values())
    // Neither D1 nor a directory takes it, and nobody's name has one.
    if (value.includes('\0'))
      refuse({
        reason: 'bad_parameter',
        field: nameOf(values, value),
        mend: 'must not contain a NUL character',
      })
  bindTo(call.get('self'), values)
  const get = (name: string): string => values.get(name) ?? ''
  return {
    names: () => [...values.keys()],
    get,
    has: (name) => values.has(name),
    need: (name) => values.get(name) ?? refuse({ reason: 'missing_parameter', field: name }),
  }
}

/** Who is signed in for themselves is who every name in a request means. */
function bindTo(self: Bound | undefined, values: Map<string, string>): void {
  if (!self) return
  for (const name of [
    'userid',
    'user_id',
    'user_realm',
    'tokenrealm',
    'realms',
    'username',
    'account',
  ])
    values.delete(name)
  values.set('user', self.username)
  values.set('realm', self.realm)
  values.set('resolver', self.resolver)
}

const nameOf = (values: Map<string, string>, sought: string): string =>
  [...values].find(([, value]) => value === sought)?.[0] ?? ''

const same = (value: string): string => value

function unquoteOnce(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

async function bodyOf(call: Call): Promise<{ entries: [string, string][]; json: boolean }> {
  const type = (call.req.header('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (call.req.method === 'GET' || call.req.method === 'HEAD') return { entries: [], json: false }
  if (type === 'application/json')
    return { entries: jsonEntries(await call.req.text()), json: true }
  if (type === 'application/x-www-form-urlencoded' || type === 'multipart/form-data') {
    const form = await call.req
      .formData()
      .catch(() => refuse({ reason: 'malformed_body', mend: `is not valid ${type}` }))
    const entries: [string, string][] = []
    for (const [name, value] of form.entries())
      if (typeof value === 'string') entries.push([name, value])
    return { entries, json: false }
  }
  const text = await call.req.text()
  if (text !== '')
    refuse({
      reason: 'malformed_body',
      mend: 'needs a Content-Type: application/json, application/x-www-form-urlencoded or multipart/form-data',
    })
  return { entries: [], json: false }
}

/** Nested values are kept as their JSON text; the route that knows them parses them. */
function jsonEntries(text: string): [string, string][] {
  if (text.trim() === '') return []
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    refuse({ reason: 'malformed_body', mend: 'is not valid JSON' })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    refuse({ reason: 'malformed_body', mend: 'must be a JSON object' })
  return entriesOf(parsed)
}

const entriesOf = (entry: object): [string, string][] =>
  Object.entries(entry)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])

/** @returns a list that was sent as JSON, or as text with commas. Empty ones are none. */
export function listOf(text: string): string[] {
  return parsedList(text)
    .map((item) => item.trim())
    .filter(Boolean)
}

function parsedList(text: string): string[] {
  if (!text.startsWith('[')) return text.split(',')
  try {
    const parsed: unknown = JSON.parse(text)
    if (Array.isArray(parsed)) return parsed.map(String)
  } catch {
    // Not JSON after all: a name may begin so, and is looked up as it is.
  }
  return text.split(',')
}

/** What stands in a file, read as if it had been sent by itself. */
export function parametersFrom(entry: Record<string, unknown>): Parameters {
  const values = new Map(entriesOf(entry))
  return {
    get: (name) => values.get(name) ?? '',
    has: (name) => values.has(name),
    names: () => [...values.keys()],
    need: (name) => values.get(name) ?? refuse({ reason: 'missing_parameter', field: name }),
  }
}

/** @returns whether a flag is set: what is absent, or anything else, is no. */
export const isTrue = (parameters: Parameters, name: string): boolean =>
  /^(1|true|yes)$/i.test(parameters.get(name).trim())

/** @returns the parameter as a whole number within bounds, or the default where it is absent. */
export function wholeNumber(
  parameters: Parameters,
  name: string,
  { min, max, otherwise }: { min: number; max: number; otherwise: number },
): number {
  if (!parameters.has(name)) return otherwise
  const number = Number(parameters.get(name))
  if (
    parameters.get(name).trim() === '' ||
    !Number.isInteger(number) ||
    number < min ||
    number > max
  )
    refuse({
      reason: 'bad_parameter',
      field: name,
      mend: `must be a whole number from ${min} to ${max}`,
    })
  return number
}
