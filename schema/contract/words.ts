/** What a route of the contract is made of, and short ways to write one. No route stands here. */
import * as v from 'valibot'

export const surfaces = {
  logins: 'What login pages, gateways and plugins call to ask a person and to hear the answer.',
  sessions: 'A name and a password for a session.',
  openid: 'OpenID Connect: browsers that applications send, and tokens for what comes of it.',
  applications: 'Which applications may ask, with which keys and accounts.',
  tokens: 'Tokens from their enrolment to their end, and the challenges that are open for them.',
  self: 'What people see of their own devices, beside what the tokens’ calls let them do.',
  migration: 'What other systems keep, taken over.',
  people: 'The people of local resolvers, and what is noted about them.',
  realms: 'In which resolvers each realm looks for its people.',
  policies: 'Who may do what, and how logins go.',
  system: 'The configuration, and whether the server can do its work.',
  gateways: 'How apps of other makers are pushed to: Firebase projects and their service accounts.',
  trail: 'Who did what, and how each push went.',
  devices: 'What an enrolled app calls. Every request that acts for a device is signed by its key.',
  phones: 'What the privacyIDEA app calls.',
  pages: 'The pages, and this reference.',
} as const
export type Surface = keyof typeof surfaces

/** Who may call. The rights are those of accounts and API keys. */
export const callers = {
  anyone: 'anyone',
  login:
    'the right `check`, or anyone on a loopback server and where no policy says `api_key_required`',
  known: 'whoever has an API key or a session',
  account: 'an account, by its session',
  session: 'whoever has an API key or a session, people included',
  person: 'a person, by their session',
  trigger: 'the right `trigger`',
  enrol: 'the right `enrol`',
  tokens: 'the right `tokens`',
  people: 'the right `people`',
  settings: 'the right `settings`',
  applications: 'the right `applications`',
  delivery: 'the right `delivery`',
  audit: 'the right `audit`',
  device: 'an enrolled device, by its signature over the request',
  phone: 'a phone, by its signature over what it says or by its invitation',
  proof: 'whoever holds the key that signed the body',
  client:
    'a registered application, by its Client ID with a secret or a statement that its key signed',
  bearer: 'an application, by an access token that a login gave it',
} as const
export type Caller = keyof typeof callers

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type Shape = v.GenericSchema
export type Field = {
  type: 'string' | 'integer' | 'boolean'
  meaning: string
  example?: string | number | boolean
  required?: true
  choices?: readonly (string | number)[]
  min?: number
  max?: number
}
export type Fields = Record<string, Field>

export type Answer =
  /** privacyIDEA's envelope. `decision`: it says `result.authentication`, and its id is 2. */
  | { in: 'envelope'; value: Shape; detail?: Shape; decision?: true }
  | { in: 'json'; shape: Shape; status?: 201 }
  | { in: 'text'; type: string; meaning: string }
  | { in: 'nothing'; status: number; meaning: string }

export type Route = {
  method: Method
  /** As the router writes it: `:name` is a part of the path. */
  path: string
  surface: Surface
  who: Caller
  /** One line. */
  does: string
  more?: string
  /** The parts of the path. */
  parts?: Fields
  headers?: Fields
  /** In the query or in the body, whichever the client likes better. */
  takes?: Fields
  /** A body that is JSON and nothing else. */
  body?: Shape
  gives: Answer
  /** Statuses beyond those that its caller and its fields bring with them. */
  refuses?: number[]
}

export const text = (meaning: string, example?: string): Field => ({
  type: 'string',
  meaning,
  ...(example !== undefined && { example }),
})
export const oneOf = (choices: readonly (string | number)[], meaning: string): Field => ({
  type: typeof choices[0] === 'number' ? 'integer' : 'string',
  meaning,
  choices,
})
export const flag = (meaning: string): Field => ({ type: 'boolean', meaning })
export const whole = (min: number, max: number, meaning: string): Field => ({
  type: 'integer',
  meaning,
  min,
  max,
})
export const need = (field: Field): Field => ({ ...field, required: true })

export const envelope = (value: Shape, detail?: Shape): Answer => ({
  in: 'envelope',
  value,
  ...(detail && { detail }),
})
export const decision = (value: Shape, detail: Shape): Answer => ({
  in: 'envelope',
  value,
  detail,
  decision: true,
})
export const json = (shape: Shape): Answer => ({ in: 'json', shape })

/** The same answer under two paths: the serial in the path, or beside. */
export const withAndWithout = (
  route: Route & { parts?: undefined },
  part: string,
  field: Field,
): Route[] => [
  { ...route, takes: { [part]: field, ...route.takes } },
  { ...route, path: `${route.path}/:${part}`, parts: { [part]: need(field) } },
]

const said = <S extends Shape>(shape: S, meaning: string) => v.pipe(shape, v.description(meaning))
export const string = (meaning: string) => said(v.string(), meaning)
export const number = (meaning: string) => said(v.number(), meaning)
export const boolean = (meaning: string) => said(v.boolean(), meaning)

/** Which page of a list is asked for. */
export const paged = (size = 'pagesize'): Fields => ({
  page: { ...whole(1, 1_000_000, 'The page, from 1.'), example: 1 },
  [size]: { ...whole(1, 1000, 'How many a page holds; 15 where nothing is said.'), example: 15 },
})
export const paging = {
  count: number('How many there are in all.'),
  current: number('The page that this is.'),
  next: said(v.nullable(v.number()), 'The next page, or null.'),
  prev: said(v.nullable(v.number()), 'The page before, or null.'),
}
