/** Every malformed request gets a 4xx in the words of its surface, naming the field where there is one; none makes a 5xx. */
import { beforeAll, describe, expect, it } from 'vitest'
import * as v from 'valibot'
import { Problem } from '../../schema/device.ts'
import { bodyLimitBytes, fileLimitBytes } from '../../schema/limits.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, adminPassword, deployment, origin } from './deployment.ts'
import {
  type Route,
  brokenBodies,
  inEachWay,
  inForm,
  inJson,
  protocol,
  routes,
  valuesFor,
} from './hostile.ts'

let d: Deployment
let token: string
let phone: VirtualDevice
const user = 'bad-input'

beforeAll(async () => {
  d = await deployment()
  await d.person(user)
  phone = await d.device(user)
  const { envelope } = await d.payroll.auth('admin', adminPassword)
  token = (envelope.result.value as { token: string }).token
})

const Failed = v.object({
  detail: v.nullable(v.strictObject({})),
  id: v.literal(1),
  jsonrpc: v.literal('2.0'),
  result: v.strictObject({
    error: v.strictObject({ code: v.number(), message: v.pipe(v.string(), v.minLength(10)) }),
    status: v.literal(false),
  }),
  time: v.number(),
  version: v.string(),
})

const writes = (method: string): boolean => method !== 'GET' && method !== 'DELETE'

/** As somebody who may: what is refused is refused for what was sent. */
async function sent(
  { surface, method, path }: Pick<Route, 'surface' | 'method' | 'path'>,
  { body, headers = {} }: { body?: BodyInit; headers?: Record<string, string> } = {},
): Promise<Response> {
  const own: Record<string, string> =
    surface === 'application' ? { authorization: token } : { ...protocol }
  return d.fetch(origin + path, {
    method,
    headers: { ...own, ...headers },
    ...(body !== undefined && { body }),
  })
}

/** In the envelope of its surface, or a good answer. @returns its words. */
async function inWords(response: Response, { surface, path }: Pick<Route, 'surface' | 'path'>) {
  const text = await response.text()
  const what = `${path} ${response.status} ${text.slice(0, 300)}`
  expect(response.status, what).toBeLessThan(500)
  if (response.status < 400) return { status: response.status, field: '', message: '' }
  const body: unknown = JSON.parse(text)
  if (surface === 'device') {
    expect(response.headers.get('content-type'), what).toBe('application/problem+json')
    const problem = v.parse(Problem, body)
    expect(problem.status).toBe(response.status)
    return { status: response.status, field: problem.field ?? '', message: problem.detail }
  }
  const { result } = v.parse(Failed, body)
  if (response.status === 400) expect(result.error.message).toMatch(/^ERR\d+: /)
  return { status: response.status, field: '', message: result.error.message }
}

describe.each(routes.filter(({ method }) => writes(method)))('$method $path', (route) => {
  it.each(brokenBodies)('refuses $what', async (broken) => {
    const answer = await inWords(await sent(route, broken), route)
    expect([400, 401]).toContain(answer.status)
    // Signed requests are refused by their signature before their body is looked at.
    if (answer.status === 400 && route.surface === 'application')
      expect(answer.message).toMatch(/body/i)
  })

  it('refuses more than 64 KiB, or 4 MiB of a file, and takes what is not more', async () => {
    const limit = route.file ? fileLimitBytes : bodyLimitBytes
    for (const headers of [
      { 'content-type': 'application/json' },
      { 'content-type': 'application/x-www-form-urlencoded' },
    ]) {
      const large = await sent(route, { body: 'a'.repeat(limit + 1), headers })
      const answer = await inWords(large, route)
      expect(answer.status).toBe(413)
      expect(answer.message).toContain(`${limit / 1024} KiB`)
      const just = await sent(route, { body: 'a'.repeat(limit), headers })
      expect((await inWords(just, route)).status).not.toBe(413)
    }
  })

  it('survives JSON that is nested as deep as fits', async () => {
    const depth = 32_000
    for (const field of [...route.fields, 'x']) {
      const body = `{"${field}":${'['.repeat(depth)}${']'.repeat(depth)}}`
      const headers = { 'content-type': 'application/json' }
      await inWords(await sent(route, { body, headers }), route)
    }
  })

  it('survives every strange value in every field', async () => {
    for (const field of route.fields)
      for (const value of valuesFor(field))
        for (const given of inEachWay({ [field]: value }))
          await inWords(await sent(route, given), route)
  })
})

describe.each(routes)('$method $path', (route) => {
  it('survives strange queries and every method', async () => {
    // What is read from a body was tried there.
    const fields = writes(route.method) ? route.fields.slice(0, 1) : route.fields
    for (const field of [...fields, 'x'])
      for (const value of field === 'x' ? ['\0', '%zz'] : valuesFor(field))
        await inWords(
          await sent({ ...route, path: `${route.path}?${inForm({ [field]: value }).body}` }),
          route,
        )
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const response = await sent({ ...route, method })
      if (method === 'HEAD') expect(response.status).toBeLessThan(500)
      else await inWords(response, route)
    }
  })
})

describe('a path', () => {
  it.each([
    '//',
    '///',
    '//evil.example/app',
    '/%',
    '/%ff',
    '/%00',
    '/a%00b',
    '/..%2f..%2f',
    '/app.html',
    '/app/',
    '/device/',
    '/device%2fkeys',
    '/device/challenges/%',
    '/device/challenges/%ff',
    '/validate/polltransaction/%',
    '/validate/polltransaction/%ff%00',
    '/validate/events/%zz',
    `/${'a'.repeat(8000)}`,
    '/\u00e9\u{1f600}',
  ])('%s is told apart from what is there', async (path) => {
    const surface = path.startsWith('/device') ? 'device' : 'application'
    for (const method of ['GET', 'POST'])
      await inWords(await sent({ surface, method, path }), { surface, path })
  })
})

describe('the field to blame is named', () => {
  it.each([
    ['/validate/triggerchallenge', {}, 400, 'serial, user'],
    ['/validate/triggerchallenge', { user: 'a\0' }, 400, "'user'"],
    ['/validate/check', { user }, 400, "'pass'"],
    ['/validate/resend', {}, 400, "'transaction_id'"],
    ['/validate/cancel', {}, 400, "'transaction_id'"],
    ['/token/init', { type: 'sms' }, 400, "token type 'sms'"],
    ['/token/init', { user: 'nobody' }, 400, 'user'],
    ['/user/', {}, 400, "'user'"],
    ['/user/', { user: 'a\\b' }, 400, "'user'"],
    ['/user/', { user: 'x', email: 'e'.repeat(256) }, 400, "'email'"],
    ['/user/', { user: 'x', realm: 'none' }, 400, 'realm'],
    [
      '/system/setConfig',
      { PushChallengeValidityTime: 'soon' },
      400,
      "'PushChallengeValidityTime'",
    ],
    ['/system/setConfig', { PushChallengeValidityTime: 5 }, 400, "'PushChallengeValidityTime'"],
    ['/system/setConfig', { PushChallengeValidityTime: '' }, 400, "'PushChallengeValidityTime'"],
    [
      '/system/setConfig',
      { StateWaitSeconds: 1, PushChallengeValidityTime: 1.5 },
      400,
      "'PushChallengeValidityTime'",
    ],
    ['/system/setConfig', {}, 400, 'PushChallengeValidityTime'],
    ['/system/setConfig', { 'no name': 1 }, 400, "'no name'"],
    ['/system/setConfig', { kept: 'x'.repeat(2001) }, 400, "'kept'"],
    ['/system/setConfig', { 'email.key': 'x', 'email.key.type': 'password' }, 400, "'email.key'"],
    ['/system/setDefault', { DefaultOtpLen: 7 }, 400, "'DefaultOtpLen' must be 6 or 8"],
    ['/system/setDefault', { PushChallengeValidityTime: 60 }, 400, 'DefaultMaxFailCount'],
  ])('POST %s %j', async (path, parameters, status, named) => {
    const route = { surface: 'application', method: 'POST', path } as const
    const answer = await inWords(await sent(route, inJson(parameters)), route)
    expect(answer.status).toBe(status)
    expect(answer.message).toContain(named)
  })

  it.each([
    ['/validate/polltransaction', "'transaction_id'"],
    ['/validate/polltransaction/x?wait=-1', "'wait'"],
    ['/validate/polltransaction/x?wait=', "'wait'"],
    ['/validate/polltransaction/x?wait=61', "'wait'"],
    ['/delivery/?limit=0', "'limit'"],
    ['/delivery/?limit=501', "'limit'"],
    ['/delivery/?limit=a%00', "'limit'"],
  ])('GET %s', async (path, named) => {
    const route = { surface: 'application', method: 'GET', path } as const
    const answer = await inWords(await sent(route), route)
    expect([answer.status, answer.message]).toEqual([400, expect.stringContaining(named)])
  })

  it('an Idempotency-Key that is too long', async () => {
    const route = {
      surface: 'application',
      method: 'POST',
      path: '/validate/triggerchallenge',
    } as const
    for (const key of ['', 'k'.repeat(256)]) {
      const given = inJson({ user })
      const headers = { ...given.headers, 'idempotency-key': key }
      const answer = await inWords(await sent(route, { ...given, headers }), route)
      expect([answer.status, answer.message]).toEqual([
        400,
        expect.stringContaining('Idempotency-Key'),
      ])
    }
  })

  it.each([
    ['POST', '/device/enrolment/look', {}, 'secret'],
    ['POST', '/device/enrolment/look', { code: 'short' }, 'code'],
    ['POST', '/device/enrolment/look', { code: 'x'.repeat(33) }, 'code'],
    ['POST', '/device/enrolment/look', { secret: 7 }, 'secret'],
    ['POST', '/device/enrolment/finish', {}, 'proof'],
    ['POST', '/device/enrolment/finish', { proof: 'a.b' }, 'proof'],
    ['POST', '/device/enrolment/finish', { proof: 'a.b.c' }, 'proof'],
    ['POST', '/device/answers', {}, 'answer'],
    ['POST', '/device/answers', { answer: null }, 'answer'],
    ['POST', '/device/answers', { answer: 'a.b.c' }, 'answer'],
    ['POST', '/device/answers', { answer: `${'a'.repeat(16_384)}.b.c` }, 'answer'],
    ['GET', '/device/challenges', null, 'Authorization'],
    ['GET', '/device/socket', null, 'Upgrade'],
  ])('%s %s %j', async (method, path, body, field) => {
    const route = { surface: 'device', method, path } as const
    const answer = await inWords(await sent(route, body ? inJson(body) : {}), route)
    expect([400, 401]).toContain(answer.status)
    expect(answer.field).toBe(field)
  })

  it('in what an enrolled device signs', async () => {
    const keys = { p256dh: `B${'A'.repeat(86)}`, auth: 'A'.repeat(22) }
    const endpoint = 'https://fcm.googleapis.com/x'
    for (const [method, path, body, field] of [
      ['PATCH', '/device', { name: ' ' }, 'name'],
      ['PATCH', '/device', { name: 'x'.repeat(65) }, 'name'],
      ['PATCH', '/device', {}, 'name'],
      ['PUT', '/device/subscription', {}, 'subscription'],
      [
        'PUT',
        '/device/subscription',
        { subscription: { endpoint: 'x', keys } },
        'subscription.endpoint',
      ],
      [
        'PUT',
        '/device/subscription',
        { subscription: { endpoint, keys: { ...keys, auth: '' } } },
        'subscription.keys.auth',
      ],
      [
        'PUT',
        '/device/subscription',
        { subscription: { endpoint, keys: { ...keys, p256dh: 'x' } } },
        'subscription.keys.p256dh',
      ],
    ] as const) {
      const response = await phone.call(method, path, { body: JSON.stringify(body) })
      const answer = await inWords(response, { surface: 'device', path })
      expect([answer.status, answer.field]).toEqual([400, field])
    }
    const notJson = await phone.call('PATCH', '/device', { body: '{' })
    expect((await inWords(notJson, { surface: 'device', path: '/device' })).field).toBe('body')
    await phone.rename('Still here')
  })
})

describe('the device protocol', () => {
  it.each([
    [undefined, 400],
    ['', 400],
    ['0', 400],
    ['-1', 400],
    ['1.5', 400],
    ['x', 400],
    ['2', 400],
    ['1e9', 400],
  ])('version %j is %i', async (version, status) => {
    const headers: Record<string, string> =
      version === undefined ? {} : { 'Countersign-Protocol': version }
    const response = await d.fetch('/device/keys', { headers })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ field: 'Countersign-Protocol' })
    expect((await d.fetch('/device/keys', { headers: protocol })).status).toBe(200)
  })
})
