/** The worker keeps what the contract says: who may call, how it refuses, and which shape an answer has. */
import * as v from 'valibot'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Fields, type Route, contract } from '../../schema/contract.ts'
import { Problem } from '../../schema/device.ts'
import { audit } from '../../schema/tables.ts'
import { everyRight } from '../../worker/policy/rights.ts'
import { type Application, application } from '../support/application.ts'
import { type Deployment, deployment, origin } from './deployment.ts'
import { fcmProject } from './fcm-project.ts'

const nameOf = ({ method, path }: Route): string => `${method} ${path}`
const withRight = contract.flatMap((route) => {
  const right = everyRight.find((one) => one === route.who)
  return right ? [{ route, right }] : []
})

/** What the proxy in front says. */
const from = '192.0.2.7'
let d: Deployment
let nobody: Application
let everything: Application
beforeAll(async () => {
  d = await deployment({ LISTENER: 'loopback', TRUSTED_PROXIES: '127.0.0.1' })
  nobody = application({ url: origin, fetch: d.fetch })
  everything = await d.newApplication('Everything', everyRight, 'default')
})

const exampleOf = (name: string, fields: Fields): string | number | boolean =>
  fields[name]?.example ?? fields[name]?.choices?.[0] ?? name

/** Sends what the reference gives as an example: every field that is required or has one. */
function send(caller: Application, { method, path, parts = {}, headers = {}, takes = {} }: Route) {
  const shown = (fields: Fields) =>
    Object.entries(fields)
      .filter(([, field]) => field.required || field.example !== undefined)
      .map(([name]) => [name, exampleOf(name, fields)] as const)
  const address = path.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(exampleOf(name, parts)),
  )
  const own = {
    ...Object.fromEntries(shown(headers).map(([name, value]) => [name, String(value)])),
    'X-Forwarded-For': from,
  }
  const fields = Object.fromEntries(shown(takes))
  const text = Object.entries(fields).map(([name, value]) => [name, String(value)])
  return method === 'GET'
    ? caller.raw(method, `${address}?${new URLSearchParams(text)}`, undefined, { headers: own })
    : caller.raw(method, address, fields, { headers: own })
}

const Failure = v.object({
  detail: v.nullable(v.strictObject({})),
  id: v.literal(1),
  jsonrpc: v.literal('2.0'),
  result: v.object({
    error: v.object({ code: v.number(), message: v.string() }),
    status: v.literal(false),
  }),
  time: v.number(),
  version: v.string(),
})
const codeIn = async (response: Response) =>
  v.parse(Failure, await response.json()).result.error.code

describe('a route that asks for a right', () => {
  it.each(withRight.map((one) => [nameOf(one.route), one] as const))(
    '%s: is closed to who is not known, and to who has every other right',
    async (_name, { route, right }) => {
      const unknown = await send(nobody, route)
      expect([unknown.status, await codeIn(unknown)]).toEqual([401, 4033])
      const others = everyRight.filter((one) => one !== right && one !== `add_${right}`)
      const refused = await send(await d.newApplication(nameOf(route), others), route)
      expect([refused.status, await codeIn(refused)]).toEqual([403, 303])
    },
  )
})

describe('a route for whoever is known', () => {
  const routes = contract.filter(
    ({ who }) => who === 'known' || who === 'login' || who === 'session',
  )
  it.each(routes.map((one) => [nameOf(one), one] as const))(
    '%s: is closed on the open internet to who is not, and open to an application',
    async (_name, route) => {
      const unknown = await send(nobody, route)
      expect([unknown.status, await codeIn(unknown)]).toEqual([401, 4033])
      expect([401, 403]).not.toContain((await send(everything, route)).status)
    },
  )
})

describe('a route of the device API', () => {
  it.each(contract.filter(({ who }) => who === 'device').map((one) => [nameOf(one), one] as const))(
    '%s: is closed to who does not sign, in a problem document',
    async (_name, route) => {
      const response = await send(nobody, route)
      // Nobody's browser opens a socket by a plain request, or from elsewhere.
      expect([401, 400, 403]).toContain(response.status)
      expect(response.headers.get('Content-Type')).toBe('application/problem+json')
      const { reason } = v.parse(Problem, await response.json())
      expect(route.path === '/device/socket' ? 'signature_refused' : reason).toBe(
        'signature_refused',
      )
    },
  )
})

describe('a route for applications that speak OpenID Connect', () => {
  it.each(
    contract
      .filter(({ who }) => who === 'client' || who === 'bearer')
      .map((one) => [nameOf(one), one] as const),
  )(
    '%s: is closed to who shows no secret, in the words of OAuth',
    async (_name, { method, path }) => {
      const body = method === 'POST' ? { body: 'client_id=payroll' } : {}
      const response = await d.fetch(path, {
        method,
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          Authorization: `Basic ${btoa('payroll:wrong')}`,
        },
        ...body,
      })
      expect(response.status).toBe(401)
      const OAuthFailure = v.strictObject({ error: v.string(), error_description: v.string() })
      const { error } = v.parse(OAuthFailure, await response.json())
      expect(error).toBe(path === '/oauth/userinfo' ? 'invalid_token' : 'invalid_client')
      expect(response.headers.get('WWW-Authenticate')).toContain(`error="${error}"`)
    },
  )
})

describe('the examples of the reference', () => {
  const arrange = async () => {
    const insist = async (method: string, path: string, body: object) => {
      const { status, envelope } = await everything.call(method, path, body)
      if (status !== 200) throw new Error(`${path}: ${JSON.stringify(envelope)}`)
    }
    await insist('POST', '/resolver/people', { type: 'local' })
    await insist('POST', '/realm/example', { resolvers: 'people' })
    await insist('POST', '/user/', { user: 'bert', realm: 'example' })
    await insist('POST', '/smsgateway', (await fcmProject('reference')).wish('firebase'))
    await d.person('anna@example.org')
    await d.device('anna@example.org')
    await insist('POST', '/token/init', {
      ...{ type: 'hotp', serial: 'CSPU0A1B2C3D', user: 'anna@example.org', genkey: 1 },
      pin: '1234',
    })
  }

  /** What takes away what others need comes after them, in this order. The pages are files, which are not here. */
  const last = [/^POST .token.lost/, /^POST .token.revoke/, /^POST .token.unassign/, /^DELETE/]
  const deletesOwner = /^DELETE .(user.:resolver|realm|resolver|application.:id$)/
  const orderOf = (route: Route) =>
    deletesOwner.test(nameOf(route)) ? 9 : last.findIndex((one) => one.test(nameOf(route)))
  const asked = contract
    .filter(({ surface }) => !['pages', 'devices', 'phones', 'openid'].includes(surface))
    .toSorted((a, b) => orderOf(a) - orderOf(b))

  it('are answered as it says, in the shape that it says', async () => {
    await arrange()
    const faults: string[] = []
    const refused: string[] = []
    const unrecorded: string[] = []
    for (const route of asked) {
      const before = await rowsNow()
      const response = await send(everything, route)
      if (response.status >= 300) refused.push(nameOf(route))
      const gap = isChange(route) ? await gapBehind(before, route, response.ok) : ''
      if (gap) unrecorded.push(`${nameOf(route)}: ${gap}`)
      const fault = await faultIn(route, response)
      if (fault) faults.push(`${nameOf(route)}: ${fault}`)
    }
    expect(asked.length).toBeGreaterThan(80)
    expect(faults).toEqual([])
    // Whatever an administrator changes leaves one row, with who, what, whom, from where and how it went.
    expect(unrecorded).toEqual([])
    // No connector is enrolled; a key has no password and no devices; their transaction is nobody's, and so are the key, the secret, the webhook and the message; the token is revoked by then; a PIN alone lets nobody in.
    expect(refused.toSorted()).toEqual([
      'DELETE /application/:id/key/:key',
      'DELETE /application/:id/secret/:secret',
      'DELETE /application/:id/webhook/:webhook',
      'DELETE /connector/:id',
      'GET /connector/dial',
      'GET /me/devices',
      'GET /me/devices/:serial/ready',
      'GET /me/devices/:serial/trial',
      'GET /me/requests',
      'GET /validate/radiuscheck',
      'POST /application/:id/message/:message/replay',
      'POST /application/:id/webhook/:webhook/secret',
      'POST /application/:id/webhook/:webhook/test',
      'POST /auth/password',
      'POST /connector/enrol',
      'POST /me/devices/:serial/trial',
      'POST /me/requests/:id/report',
      'POST /token/revoke/:serial',
      'POST /validate/cancel',
      'POST /validate/radiuscheck',
      'POST /validate/resend',
    ])
  })
})

/** Logins, and what people say of them, are recorded by the owner's object, in its own time; asking for a session has no one behind it yet. */
const isChange = ({ method, surface, path }: Route): boolean =>
  method !== 'GET' &&
  !['logins', 'sessions', 'phones', 'self'].includes(surface) &&
  // They say what would be; a connector without a good code is nobody.
  !['/resolver/test', '/connector/enrol'].includes(path)

/** Rows of the trail by what tells them apart. */
async function rowsNow() {
  const rows = await d.db.select().from(audit)
  return new Map(rows.map((row) => [`${row.at}/${row.number}`, row]))
}

/** @returns how the trail behind `before` falls short of what was asked, or ''. */
async function gapBehind(
  before: Awaited<ReturnType<typeof rowsNow>>,
  route: Route,
  success: boolean,
): Promise<string> {
  const rows = [...(await rowsNow())].flatMap(([key, row]) => (before.has(key) ? [] : row))
  const ours = rows.filter(({ detail }) => String(detail?.['by'] ?? '').startsWith('key '))
  const [row] = ours
  // A file leaves a row for each entry in it, beside its own.
  const isFile = /^\/(token\/load|migration)/.test(route.path)
  if (!row || (ours.length > 1 && !isFile)) return `${ours.length} rows`
  if (row.success !== success) return `success ${row.success}`
  if (row.application !== 'default') return `application ${row.application}`
  if (row.client !== from) return `client ${row.client}`
  const named = { ...route.parts, ...route.takes }
  const asked = (name: string): string | null => {
    const field = named[name]
    return field && (field.required || field.example !== undefined)
      ? String(exampleOf(name, named))
      : null
  }
  const told = JSON.stringify(ours)
  for (const name of ['serial', 'user', 'resolver', 'key', 'id', 'username', 'name'])
    if (asked(name) !== null && !told.includes(JSON.stringify(asked(name)))) return `no ${name}`
  // Of a policy it is whom it speaks about.
  const realm = route.surface === 'policies' ? null : asked('realm')
  return realm === null || ours.some((one) => one.realm === realm) ? '' : 'no realm'
}

describe('the reference', () => {
  const files: Record<string, string> = {
    '/docs.html': 'text/html',
    '/openapi.json': 'application/json',
  }
  const built = (async (address: URL) => {
    const type = files[address.pathname]
    const headers = { 'Content-Type': type ?? '' }
    return type ? new Response('built', { headers }) : new Response(null, { status: 404 })
  }) as unknown as Fetcher['fetch']

  it('is a page under a policy that lets only our own files in, and a file that any origin may read', async () => {
    const served = await deployment({ ASSETS: { fetch: built } as Fetcher })
    const page = await served.fetch('/docs')
    expect(page.status).toBe(200)
    expect(page.headers.get('Content-Type')).toBe('text/html')
    expect(page.headers.get('Access-Control-Allow-Origin')).toBeNull()
    const policy = page.headers.get('Content-Security-Policy')
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).not.toMatch(/unsafe|https:/)
    const file = await served.fetch('/openapi.json')
    expect([file.status, await file.text()]).toEqual([200, 'built'])
    expect(file.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect((await served.fetch('/docs.html')).status).toBe(404)
  })
})

/** @returns how an answer is not what the contract says of it, or ''. */
async function faultIn(route: Route, response: Response): Promise<string> {
  const { gives } = route
  const body = gives.in === 'text' && response.ok ? '' : await response.text()
  if (gives.in === 'nothing' && gives.status === response.status) return ''
  if (route.path === '/validate/radiuscheck')
    return response.status === 400 && body === '' ? '' : `answers ${response.status}: ${body}`
  if (response.status !== 200) {
    if (!v.is(Failure, JSON.parse(body))) return `is no failure: ${body}`
    const known = [400, 401, 403, ...(route.refuses ?? [])]
    return known.includes(response.status) ? '' : `answers ${response.status}: ${body}`
  }
  if (gives.in === 'nothing') return 'answers 200'
  if (gives.in === 'text') {
    await response.body?.cancel()
    return response.headers.get('Content-Type')?.startsWith(gives.type) ? '' : 'is of another type'
  }
  const shape: v.GenericSchema =
    gives.in === 'json'
      ? gives.shape
      : v.object({
          id: v.literal(gives.decision ? 2 : 1),
          result: v.object({
            status: v.literal(true),
            value: gives.value,
            authentication: gives.decision ? v.string() : v.optional(v.never()),
          }),
          detail: v.optional(gives.detail ?? v.never()),
        })
  const parsed = v.safeParse(shape, JSON.parse(body))
  if (parsed.success) return ''
  return parsed.issues.map((issue) => `${v.getDotPath(issue)} ${issue.message}`).join('; ')
}
