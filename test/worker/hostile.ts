/** Requests as nobody should send them: every route, and what can be wrong with what is sent to it. */
import { env } from 'cloudflare:workers'
import { deviceProtocol, deviceProtocolHeader } from '../../schema/limits.ts'

type Surface = 'application' | 'device'
export type Route = {
  surface: Surface
  method: string
  path: string
  /** Parameters that it reads. */
  fields: string[]
  /** Takes files, which are larger than messages. */
  file?: true
}

const application = (method: string, path: string, ...fields: string[]): Route => ({
  surface: 'application',
  method,
  path,
  fields,
})
const device = (method: string, path: string, ...fields: string[]): Route => ({
  surface: 'device',
  method,
  path,
  fields,
})

export const routes: Route[] = [
  application('POST', '/auth', 'username', 'password'),
  application('POST', '/validate/triggerchallenge', 'user', 'realm', 'serial', 'client'),
  application('GET', '/validate/triggerchallenge', 'user', 'realm', 'serial'),
  application('POST', '/validate/check', 'user', 'realm', 'serial', 'pass', 'transaction_id'),
  application('GET', '/validate/check', 'user', 'pass', 'state'),
  application('GET', '/validate/polltransaction', 'transaction_id', 'wait', 'cancelled'),
  application('GET', '/validate/polltransaction/x', 'wait'),
  application('GET', '/validate/events/x'),
  application('POST', '/validate/resend', 'transaction_id'),
  application('POST', '/validate/cancel', 'transaction_id'),
  application('POST', '/token/init', 'type', 'user', 'realm', 'description', 'pin'),
  application('POST', '/token/init', 'type', 'otpkey', 'genkey', 'otplen', 'hashlib', 'serial'),
  application('GET', '/token/', 'serial'),
  application('GET', '/token/', 'user', 'realm', 'type', 'active', 'page', 'pagesize', 'sortby'),
  ...['enable', 'disable', 'revoke', 'reset', 'setrandompin', 'lost', 'unassign'].map((action) =>
    application('POST', `/token/${action}`, 'serial', 'user', 'realm'),
  ),
  application('POST', '/token/setpin', 'serial', 'otppin'),
  application('POST', '/token/set', 'serial', 'max_failcount', 'hashlib', 'count_window'),
  application('POST', '/token/description', 'serial', 'description'),
  application('POST', '/token/resync', 'serial', 'otp1', 'otp2'),
  application('POST', '/token/assign', 'serial', 'user', 'realm', 'pin'),
  application('POST', '/token/realm/x', 'realms'),
  application('POST', '/token/info/x/y', 'value'),
  application('DELETE', '/token/info/x/y'),
  application('DELETE', '/token/x'),
  {
    ...application('POST', '/token/load/x', 'type', 'file', 'tokenrealms', 'dry_run'),
    file: true,
  },
  {
    ...application('POST', '/migration/privacyidea', 'file', 'key', 'pins', 'skip_invalid'),
    file: true,
  },
  { ...application('POST', '/migration/netscaler', 'file', 'attribute', 'realm'), file: true },
  {
    ...application('POST', '/token/load', 'file', 'psk', 'password', 'pskcValidateMAC'),
    file: true,
  },
  application('GET', '/token/challenges/', 'transaction_id', 'page', 'pagesize'),
  application('GET', '/token/challenges/x', 'page'),
  application('DELETE', '/token/challenges/expired'),
  application('POST', '/user/', 'user', 'realm', 'email', 'password'),
  application('GET', '/user/', 'username', 'email', 'realm', 'resolver', 'page', 'attributes'),
  application('PUT', '/user/', 'user', 'userid', 'resolver', 'phone'),
  application('DELETE', '/user/x/y'),
  application('GET', '/user/attribute', 'user', 'realm', 'resolver', 'key'),
  application('POST', '/user/attribute', 'user', 'realm', 'key', 'value', 'type'),
  application('DELETE', '/user/attribute/x/y/z'),
  application('GET', '/realm/'),
  application('POST', '/realm/x', 'resolvers', 'priority.local'),
  application('DELETE', '/realm/y'),
  application('GET', '/resolver/x', 'type'),
  application('POST', '/resolver/x', 'type'),
  application('POST', '/resolver/test', 'type'),
  application('DELETE', '/resolver/y'),
  application(
    'GET',
    '/audit/',
    'user',
    'serial',
    'info',
    'page',
    'page_size',
    'sortorder',
    'timelimit',
  ),
  application('GET', '/audit/x.csv', 'action', 'timelimit'),
  application('GET', '/system/'),
  application('POST', '/system/setConfig', 'PushChallengeValidityTime', 'StateWaitSeconds'),
  application('GET', '/delivery/', 'limit', 'serial'),
  application('GET', '/healthz/livez'),
  application('GET', '/try/application.json'),
  application('GET', '/ttype/push', 'serial', 'timestamp', 'signature'),
  application('POST', '/ttype/push', 'serial', 'nonce', 'signature', 'decline', 'presence_answer'),
  application('POST', '/ttype/push', 'serial', 'fbtoken', 'pubkey', 'enrollment_credential'),
  application('POST', '/ttype/push', 'serial', 'new_fb_token', 'timestamp', 'signature'),
  application('GET', '/nothing/here'),
  device('GET', '/device/keys'),
  device('POST', '/device/enrolment/look', 'secret', 'code'),
  device('POST', '/device/enrolment/finish', 'proof'),
  device('GET', '/device/challenges'),
  device('GET', '/device/challenges/x'),
  device('POST', '/device/answers', 'answer'),
  device('PUT', '/device/subscription', 'subscription'),
  device('PATCH', '/device', 'name'),
  device('DELETE', '/device'),
  device('GET', '/device/socket'),
  device('GET', '/device/nothing'),
]

export const protocol = { [deviceProtocolHeader]: String(deviceProtocol) }

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const bytes = (...values: number[]) => new Uint8Array(values)

export type Wrong = { what: string; body: BodyInit; headers: Record<string, string> }

/** Bodies that no route can take, whatever it reads. */
export const brokenBodies: Wrong[] = [
  { what: 'JSON that ends too early', body: '{"user":', headers: json },
  { what: 'JSON with a trailing comma', body: '{"user":"a",}', headers: json },
  { what: 'a JSON list', body: '[1,2]', headers: json },
  { what: 'a JSON string', body: '"user"', headers: json },
  { what: 'JSON null', body: 'null', headers: json },
  { what: 'JSON nested beyond its end', body: '['.repeat(30_000), headers: json },
  { what: 'UTF-8 cut in two', body: bytes(0x7b, 0xe2, 0x82), headers: json },
  { what: 'UTF-16', body: bytes(0xff, 0xfe, 0x7b, 0, 0x7d, 0), headers: json },
  { what: 'bytes', body: bytes(0, 1, 2, 255), headers: {} },
  { what: 'XML', body: '<user/>', headers: { 'content-type': 'text/xml' } },
  {
    what: 'multipart without a boundary',
    body: 'x',
    headers: { 'content-type': 'multipart/form-data' },
  },
  {
    what: 'multipart that is not',
    body: 'x',
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
  },
]

/** Values that are well formed, and wrong or strange for any field. */
export const strangeValues: unknown[] = [
  '',
  ' ',
  'a\0b',
  '\0',
  '\ud800',
  '\u202e\u0000',
  '%',
  '%zz',
  '%00',
  '%25%30%30',
  '../../etc/passwd',
  "' or 1=1 --",
  '\\',
  'a\\b\\c',
  '@',
  'a@@b',
  'é'.repeat(20_000),
  '-1',
  '1e309',
  'NaN',
  '0x10',
  '9'.repeat(400),
  0,
  -1,
  1.5,
  1e308,
  true,
  false,
  null,
  [],
  {},
  [null],
  { toString: 1, constructor: { prototype: {} } },
  JSON.parse('{"__proto__":{"user":"x"}}'),
  JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`),
]

let turn = 0

/**
 * Every one of them in the long form; in the short one every fifth, beginning with another each time. Those fields that cost a
 * password hash or an enrolment each get only some.
 */
export function valuesFor(field: string): unknown[] {
  if (['username', 'password', 'pin', 'pass', 'description'].includes(field))
    return strangeValues.filter((_, index) => index % 6 === 2)
  if (env.TEST_FULL !== '') return strangeValues
  turn++
  return strangeValues.filter((_, index) => (index + turn) % 5 === 0)
}

export const inJson = (fields: Record<string, unknown>): Pick<Wrong, 'body' | 'headers'> => ({
  body: JSON.stringify(fields),
  headers: json,
})

export const inForm = (fields: Record<string, unknown>): Pick<Wrong, 'body' | 'headers'> => ({
  body: Object.entries(fields)
    .map(([name, value]) => `${name}=${escaped(value)}`)
    .join('&'),
  headers: form,
})

/** Both ways in the long form, in the short one each in turn. */
export function inEachWay(fields: Record<string, unknown>): Pick<Wrong, 'body' | 'headers'>[] {
  if (env.TEST_FULL !== '') return [inJson(fields), inForm(fields)]
  return [ways++ % 2 === 0 ? inJson(fields) : inForm(fields)]
}
let ways = 0

/** Lone surrogates cannot be encoded; they go as they are. */
function escaped(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  try {
    return encodeURIComponent(text)
  } catch {
    return text
  }
}
