/** Makes the OpenAPI document out of the contract. What it says of a route stands in schema/contract/, not here. */
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import {
  type Answer,
  type Field,
  type Fields,
  type Route,
  type Shape,
  callers,
  contract,
  surfaces,
} from '../../schema/contract.ts'
import * as deviceApi from '../../schema/device.ts'

type Schema = JsonSchema | Record<string, unknown>

type Named = Extract<(typeof deviceApi)[keyof typeof deviceApi], Shape>

/** The shapes of the device API by their names, in an order that is the same everywhere. Of two names of one shape the first counts. */
const named = new Map<string, Named>()
for (const [name, shape] of Object.entries(deviceApi).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  if (typeof shape === 'object' && ![...named.values()].includes(shape)) named.set(name, shape)

/** Shapes with a name are referred to by it, wherever they stand. Trimming has no word in JSON Schema, and needs none. */
function schemaOf(shape: Shape, itself = ''): Schema {
  const others = [...named].filter(([name]) => name !== itself)
  const {
    $schema: _,
    $defs: __,
    ...schema
  } = toJsonSchema(shape, {
    target: 'draft-2020-12',
    typeMode: 'input',
    errorMode: 'ignore',
    definitions: Object.fromEntries(others),
    overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
  })
  return schema
}

const fieldSchema = ({ type, choices, min, max }: Field): Schema => ({
  type,
  ...(choices && { enum: choices }),
  ...(min !== undefined && { minimum: min }),
  ...(max !== undefined && { maximum: max }),
})

const parameters = (place: 'path' | 'query' | 'header', fields: Fields = {}) =>
  Object.entries(fields).map(([name, field]) => ({
    name,
    in: place,
    description: field.meaning,
    required: field.required === true,
    schema: fieldSchema(field),
    ...(field.example !== undefined && { example: field.example }),
  }))

/** The same fields in each of the encodings: one schema, under the operation's name. */
const forms: Record<string, Schema> = {}

function formOf(name: string, fields: Fields) {
  const required = Object.keys(fields).filter((name) => fields[name]?.required)
  forms[name] = {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        {
          ...fieldSchema(field),
          description: field.meaning,
          ...(field.example !== undefined && { examples: [field.example] }),
        },
      ]),
    ),
    ...(required.length > 0 && { required }),
  }
  const schema = { $ref: `#/components/schemas/${name}` }
  const types = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data']
  return {
    required: required.length > 0,
    content: Object.fromEntries(types.map((type) => [type, { schema }])),
  }
}

function bodyOf(route: Route) {
  const { method, takes, body } = route
  if (body) return { required: true, content: { 'application/json': { schema: schemaOf(body) } } }
  return takes && method !== 'GET' ? formOf(capital(operationId(route)), takes) : undefined
}

function answerOf(gives: Answer): [string, object] {
  if (gives.in === 'nothing') return [String(gives.status), { description: gives.meaning }]
  if (gives.in === 'text')
    return [
      '200',
      { description: gives.meaning, content: { [gives.type]: { schema: { type: 'string' } } } },
    ]
  const schema =
    gives.in === 'json'
      ? schemaOf(gives.shape)
      : {
          allOf: [
            { $ref: `#/components/schemas/${gives.decision ? 'Decision' : 'Envelope'}` },
            {
              type: 'object',
              properties: {
                result: { type: 'object', properties: { value: schemaOf(gives.value) } },
                ...(gives.detail && { detail: schemaOf(gives.detail) }),
              },
            },
          ],
        }
  const status = gives.in === 'json' ? (gives.status ?? 200) : 200
  return [String(status), { description: 'Done.', content: { 'application/json': { schema } } }]
}

const statuses: Record<number, string> = {
  400: 'Something is missing or not as it must be; the answer names it.',
  401: 'Who calls is not known, or what they show does not hold.',
  403: 'Who calls may not do this.',
  404: 'There is no such thing.',
  409: 'It is not as the request believes.',
  410: 'It was valid once.',
  413: 'The body is larger than 64 KiB.',
  426: 'The app is too old for this server.',
  429: 'Too many. `Retry-After` says when to come back.',
  503: 'Not ready yet.',
}

/** Every status that a caller of this route may meet, beside the good one. */
function refusedWith(route: Route): number[] {
  const { who, takes, body, headers, surface, refuses = [] } = route
  const known = new Set(refuses)
  if (takes ?? body ?? headers) known.add(400)
  if (route.method !== 'GET' && (takes ?? body)) known.add(413)
  if (who !== 'anyone' && who !== 'phone') known.add(401)
  if (!['anyone', 'proof', 'client', 'bearer'].includes(who)) known.add(403)
  if (surface === 'pages') known.delete(400)
  return [...known].toSorted((a, b) => a - b)
}

/** Our own surfaces refuse with problem documents, the others as privacyIDEA does. */
const refusal = (status: number, kind: string) => ({
  description: statuses[status] ?? 'Refused.',
  content: {
    [kind === 'Problem' ? 'application/problem+json' : 'application/json']: {
      schema: { $ref: `#/components/schemas/${kind}` },
    },
  },
})

const refusalOf = ({ surface, path }: Route, status: number): string => {
  const isOAuth = surface === 'openid' && path.startsWith('/oauth/')
  return (surface === 'devices' ? 'Problem' : isOAuth ? 'OAuthError' : 'Failure') + status
}

const refusals = (route: Route) =>
  Object.fromEntries(
    refusedWith(route).map((status) => [
      String(status),
      { $ref: `#/components/responses/${refusalOf(route, status)}` },
    ]),
  )

function securityOf(who: Route['who']): Record<string, string[]>[] {
  if (who === 'anyone' || who === 'proof' || who === 'phone') return []
  if (who === 'client') return [{ client: [] }, {}]
  if (who === 'bearer') return [{ accessToken: [] }]
  if (who === 'device') return [{ deviceSignature: [] }]
  return [{ apiKey: [] }, { session: [] }, ...(who === 'login' ? [{}] : [])]
}

const templated = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}')

const operationId = ({ method, path }: Route): string =>
  method.toLowerCase() +
  (path.match(/:?\w+/g) ?? ['front'])
    .map((word) => (word.startsWith(':') ? `By${capital(word.slice(1))}` : capital(word)))
    .join('')
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

function operationOf(route: Route) {
  const { parts, headers, takes, method, surface, who, does, more, gives } = route
  const [status, answer] = answerOf(gives)
  const requestBody = bodyOf(route)
  return {
    operationId: operationId(route),
    tags: [surface],
    summary: does,
    ...(more && { description: more }),
    'x-who': callers[who],
    security: securityOf(who),
    parameters: [
      ...parameters('path', parts),
      ...parameters('header', headers),
      ...(method === 'GET' ? parameters('query', takes) : []),
    ],
    ...(requestBody && { requestBody }),
    responses: { ...refusals(route), [status]: answer },
  }
}

const text = { type: 'string' } as const
const flag = (value: boolean) => ({ type: 'boolean', const: value }) as const

const envelope = (id: number, result: Record<string, Schema>) => ({
  type: 'object',
  properties: {
    id: { type: 'integer', const: id },
    jsonrpc: { type: 'string', const: '2.0' },
    result: {
      type: 'object',
      properties: { status: flag(true), ...result, value: {} },
      required: ['status', ...Object.keys(result), 'value'],
    },
    detail: { type: 'object' },
    time: { type: 'number', description: 'Epoch seconds.' },
    version: text,
    versionnumber: { ...text, description: 'Of the privacyIDEA API that is spoken.' },
  },
  required: ['id', 'jsonrpc', 'result', 'time', 'version', 'versionnumber'],
})

const failure = {
  type: 'object',
  properties: {
    id: { type: 'integer', const: 1 },
    jsonrpc: { type: 'string', const: '2.0' },
    result: {
      type: 'object',
      properties: {
        status: flag(false),
        error: {
          type: 'object',
          properties: {
            code: { type: 'integer', description: 'As privacyIDEA numbers it.' },
            message: { ...text, description: '`ERR<code>: ` stands before it on a 400.' },
          },
          required: ['code', 'message'],
        },
      },
      required: ['status', 'error'],
    },
    detail: { type: ['object', 'null'] },
    time: { type: 'number' },
    version: text,
  },
  required: ['id', 'jsonrpc', 'result', 'detail', 'time', 'version'],
}

const oauthError = {
  type: 'object',
  properties: {
    error: { ...text, description: 'Of RFC 6749, OpenID Connect Core or CIBA Core.' },
    error_description: {
      ...text,
      description: 'What is wrong, for whoever builds the application.',
    },
  },
  required: ['error', 'error_description'],
}

const schemes = {
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'The key of an application: `<id>_<secret>`.',
  },
  session: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'The session of POST /auth as it is. `PI-Authorization` is read first.',
  },
  client: {
    type: 'http',
    scheme: 'basic',
    description: 'Client ID and Client Secret; both may stand in the body instead.',
  },
  accessToken: { type: 'http', scheme: 'bearer', description: 'What /oauth/token gave.' },
  deviceSignature: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: '`Countersign <request JWS>`: method, path, body and time, signed by the device.',
  },
}

const about = `A person approves a login on their own device. The application's side speaks privacyIDEA's API; what goes beyond it is marked as an extension.

Fields are taken from the query, and from a body that is JSON, urlencoded or multipart, whichever the client likes better. Outside JSON, values are URL-unquoted once more.

Paths may end in a slash.`

export function openapiDocument(version: string) {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of contract)
    (paths[templated(route.path)] ??= {})[route.method.toLowerCase()] = operationOf(route)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Countersign',
      version,
      description: about,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(surfaces).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: {
        Envelope: envelope(1, {}),
        Decision: envelope(2, {
          authentication: { ...text, enum: ['ACCEPT', 'CHALLENGE', 'DECLINED', 'REJECT'] },
        }),
        Failure: failure,
        OAuthError: oauthError,
        ...Object.fromEntries([...named].map(([name, shape]) => [name, schemaOf(shape, name)])),
        ...forms,
      },
      responses: Object.fromEntries(
        contract
          .flatMap((route) => refusedWith(route).map((status) => refusalOf(route, status)))
          .toSorted()
          .map((name) => [name, refusal(Number(name.slice(-3)), name.slice(0, -3))]),
      ),
      securitySchemes: schemes,
    },
  }
}
