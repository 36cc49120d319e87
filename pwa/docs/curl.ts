/** A call as one would type it. What only the caller knows stands in angle brackets. */
import type { Call, Field, Reader, Schema } from './reference.ts'

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

export function curlOf(call: Call, reader: Reader, origin: string): string {
  const parts = call.fields.filter((field) => field.in === 'path')
  const path = parts.reduce(
    (text, field) => text.replace(`{${field.name}}`, valueOf(field, encodeURIComponent)),
    call.path,
  )
  const asked = call.fields
    .filter((field) => field.in === 'query' && isShown(field))
    .map((field) => `${field.name}=${valueOf(field, encodeURIComponent)}`)
  const query = asked.length > 0 ? `?${asked.join('&')}` : ''
  const lines = [
    `curl${methodOf(call)} ${quoted(origin + path + query)}`,
    ...headersOf(call).map((header) => `-H ${quoted(header)}`),
    ...call.fields
      .filter((field) => field.in === 'form' && isShown(field))
      .map((field) => `--data-urlencode ${quoted(`${field.name}=${valueOf(field, String)}`)}`),
    ...(call.body ? [`--json ${quoted(JSON.stringify(sampleOf(call.body, reader)))}`] : []),
  ]
  return lines.join(' \\\n  ')
}

/** curl sends a POST by itself where there is something to send. */
const methodOf = ({ method, body, fields }: Call): string => {
  const sends = body !== null || fields.some((field) => field.in === 'form' && isShown(field))
  return method === (sends ? 'POST' : 'GET') ? '' : ` -X ${method}`
}

const isShown = ({ required, example }: Field): boolean => required || example !== undefined

const valueOf = ({ example, schema, name }: Field, written: (text: string) => string): string => {
  const known = example ?? schema.enum?.[0]
  return known === undefined ? `<${name}>` : written(String(known))
}

function headersOf({ proofs, fields, good, surface }: Call): string[] {
  const own = fields
    .filter((field) => field.in === 'header' && field.required)
    .map((field) => `${field.name}: ${valueOf(field, String)}`)
  if (good.status === '101') return ['Connection: Upgrade', ...own]
  if (proofs.includes('deviceSignature')) own.push('Authorization: Countersign <request JWS>')
  else if (proofs.includes('apiKey'))
    own.push(surface === 'logins' ? 'X-API-Key: <id>_<secret>' : 'Authorization: <session>')
  return own
}

/** What a body looks like; strings are named by what they hold. */
function sampleOf(schema: Schema, reader: Reader, name = 'text'): unknown {
  const {
    type,
    properties,
    items,
    enum: choices,
    const: only,
    anyOf,
    oneOf,
  } = reader.follow(schema)
  if (only !== undefined) return only
  if (choices) return choices[0]
  const either = anyOf?.[0] ?? oneOf?.[0]
  if (either) return sampleOf(either, reader, name)
  if (properties)
    return Object.fromEntries(
      Object.entries(properties).map(([key, one]) => [key, sampleOf(one, reader, key)]),
    )
  if (items) return [sampleOf(items, reader, name)]
  if (type === 'number' || type === 'integer') return 1
  if (type === 'boolean') return true
  return type === 'object' ? {} : `<${name}>`
}
