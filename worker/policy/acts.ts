/**
 * Every administrative route once: what policies call it, whether a person may do it to what is theirs, what it is about, and
 * whether it needs a fresh approval where the administrator has a device. A test holds it against the contract.
 */
import type { ActionOf } from './actions.ts'

/** What a request says: a part of its path, or a parameter. '' where it is absent. */
export type Said = (name: string) => string

type Named = ActionOf<'admin'>

export type Act = {
  /** Of scope admin, and of scope user where a person does it. Absent: no policy speaks of it. */
  action?: Named | ((said: Said) => string)
  /** A person may do it to what is theirs. */
  self?: true
  /** Of a person's own: whoever took over a session that was left open must not do it. */
  recent?: true
  /** Whose realm, resolver and name the policies are asked about. */
  about?: 'token' | 'person' | 'resolver'
  /** Shows only what is in the realms that the policies name. */
  lists?: true
  /** What the device is told of it, in words; null where this request is harmless. */
  danger?: (said: Said) => string | null
}

/** pi's default where no type is named is ours too. */
export const enrolAction = (type: string): string => `enroll${(type || 'push').toUpperCase()}`

const own = (action: Named, more: Act = {}): Act => ({
  action,
  about: 'token',
  self: true,
  ...more,
})
const onToken = (action: Named, more: Act = {}): Act => ({ action, about: 'token', ...more })
const onPerson = (action: Named, more: Act = {}): Act => ({ action, about: 'person', ...more })
const plain = (action: Named, more: Act = {}): Act => ({ action, ...more })

/** With the serial beside, and in the path. */
const both = (path: string, act: Act): [string, Act][] => [
  [`POST /token/${path}`, act],
  [`POST /token/${path}/:serial`, act],
]

const named = (what: string, part: string) => (said: Said) => `${what} ${said(part)}`

const migration = plain('importtokens', {
  danger: (said) => (/^(1|true|yes)$/i.test(said('dry_run')) ? null : 'Load tokens from a file'),
})

const table: [string, Act][] = [
  ['POST /validate/triggerchallenge', onToken('triggerchallenge')],
  ['POST /validate/resend', {}],

  [
    'POST /token/init',
    {
      action: (said) => enrolAction(said('type')),
      about: 'person',
      self: true,
      recent: true,
      danger: (said) =>
        said('account') === '' ? null : `Enrol another device for ${said('account')}`,
    },
  ],
  ['GET /token', plain('tokenlist', { self: true, lists: true })],
  ...both('enable', own('enable', { recent: true })),
  ...both('disable', own('disable', { recent: true })),
  ...both('revoke', own('revoke', { recent: true })),
  ...both('reset', own('reset')),
  ...both('resync', own('resync')),
  ...both('setpin', own('setpin')),
  ...both('setrandompin', own('setrandompin')),
  ...both('description', own('setdescription')),
  ...both('set', onToken('set')),
  ...both('lost', own('losttoken', { recent: true })),
  ...both('realm', onToken('tokenrealms')),
  ...both('load', migration).map(([path, act]): [string, Act] => [
    path.replace(':serial', ':filename'),
    act,
  ]),
  ['POST /migration/privacyidea', migration],
  ['POST /migration/netscaler', migration],
  ['POST /token/assign', { action: 'assign', about: 'person', self: true, recent: true }],
  ...both('unassign', own('unassign', { recent: true })),
  [
    'DELETE /token/:serial',
    own('delete', { recent: true, danger: named('Delete token', 'serial') }),
  ],
  ['POST /token/info/:serial/:key', onToken('settokeninfo')],
  ['DELETE /token/info/:serial/:key', onToken('settokeninfo')],
  ['GET /token/challenges', plain('getchallenges')],
  ['GET /token/challenges/:serial', onToken('getchallenges')],
  ['DELETE /token/challenges/expired', plain('getchallenges')],

  ['GET /me/devices', { self: true }],
  ['GET /me/devices/:serial/ready', { self: true }],
  ['POST /me/devices/:serial/trial', { self: true }],
  ['GET /me/devices/:serial/trial', { self: true }],
  ['GET /me/requests', { self: true }],
  // It takes rights away and gives none: an approval of an hour ago is enough.
  ['POST /me/requests/:id/report', { self: true }],

  ['GET /user', plain('userlist', { self: true, lists: true })],
  ['POST /user', onPerson('adduser')],
  ['PUT /user', onPerson('updateuser')],
  [
    'DELETE /user/:resolver/:user',
    onPerson('deleteuser', {
      danger: (said) => `Delete person ${said('user')} in resolver ${said('resolver')}`,
    }),
  ],
  ['GET /user/attribute', onPerson('userlist')],
  ['POST /user/attribute', onPerson('updateuser')],
  ['DELETE /user/attribute/:key/:user', onPerson('updateuser')],
  ['DELETE /user/attribute/:key/:user/:realm', onPerson('updateuser')],
  ['GET /user/editable_attributes', onPerson('userlist')],

  ['GET /realm', plain('resolverread')],
  ['POST /realm/:name', plain('resolverwrite')],
  ['DELETE /realm/:name', plain('resolverdelete', { danger: named('Delete realm', 'name') })],
  ['GET /defaultrealm', {}],
  ['POST /defaultrealm/:name', plain('resolverwrite')],
  ['DELETE /defaultrealm', plain('resolverwrite')],
  ['GET /resolver', plain('resolverread')],
  ['GET /resolver/:name', plain('resolverread')],
  ['GET /connector', plain('resolverread')],
  ['POST /connector', plain('resolverwrite')],
  ['DELETE /connector/:id', plain('resolverdelete', { danger: named('Delete connector', 'id') })],
  ['POST /resolver/test', plain('resolverwrite')],
  ['POST /resolver/:name', plain('resolverwrite')],
  ['DELETE /resolver/:name', plain('resolverdelete', { danger: named('Delete resolver', 'name') })],

  ['GET /policy', plain('policyread')],
  ['GET /policy/:name', plain('policyread')],
  ['GET /policy/defs', plain('policyread')],
  ['GET /policy/defs/:scope', plain('policyread')],
  // Whether a policy weakens another is a question without a short answer: each change of one is asked for.
  ['POST /policy/:name', plain('policywrite', { danger: named('Write policy', 'name') })],
  ['POST /policy/enable/:name', plain('policywrite', { danger: named('Enable policy', 'name') })],
  ['POST /policy/disable/:name', plain('policywrite', { danger: named('Disable policy', 'name') })],
  ['DELETE /policy/:name', plain('policydelete', { danger: named('Delete policy', 'name') })],

  ['GET /system', plain('configread')],
  ['GET /system/documentation', plain('configread')],
  ['GET /system/:key', plain('configread')],
  [
    'POST /system/setConfig',
    plain('configwrite', { danger: () => 'Change the configuration of the server' }),
  ],
  [
    'POST /system/setDefault',
    plain('configwrite', { danger: () => 'Change the configuration of the server' }),
  ],
  ['DELETE /system/:key', plain('configdelete', { danger: named('Take back the setting', 'key') })],

  ['GET /smsgateway', plain('smsgateway_read')],
  ['GET /smsgateway/:id', plain('smsgateway_read')],
  ['GET /smsgateway/providers', plain('smsgateway_read')],
  [
    'POST /smsgateway',
    plain('smsgateway_write', { danger: () => 'Change through whom phones are called' }),
  ],
  [
    'DELETE /smsgateway/option/:id/:option',
    plain('smsgateway_write', { danger: () => 'Change through whom phones are called' }),
  ],
  [
    'DELETE /smsgateway/:name',
    plain('smsgateway_write', { danger: named('Delete the gateway', 'name') }),
  ],

  ['GET /application', plain('configread')],
  ['POST /application/:id', plain('configwrite')],
  ['DELETE /application/:id', plain('configdelete', { danger: named('Delete application', 'id') })],
  [
    'POST /application/:id/key',
    plain('configwrite', {
      danger: (said) => `Make a key for ${said('id')} with the rights ${said('rights')}`,
    }),
  ],
  ['DELETE /application/:id/key/:key', plain('configdelete')],
  [
    'POST /application/:id/openid',
    plain('configwrite', { danger: named('Change how people sign in to', 'id') }),
  ],
  ['DELETE /application/:id/openid', plain('configdelete')],
  [
    'POST /application/:id/secret',
    plain('configwrite', { danger: named('Make a secret for', 'id') }),
  ],
  ['DELETE /application/:id/secret/:secret', plain('configdelete')],
  ['GET /application/:id/webhook', plain('configread')],
  [
    'POST /application/:id/webhook',
    plain('configwrite', {
      danger: (said) => `Tell ${said('url')} what happens at ${said('id')}`,
    }),
  ],
  ['DELETE /application/:id/webhook/:webhook', plain('configdelete')],
  [
    'POST /application/:id/webhook/:webhook/secret',
    plain('configwrite', { danger: named('Make a webhook secret for', 'id') }),
  ],
  ['POST /application/:id/webhook/:webhook/test', plain('configwrite')],
  ['GET /application/:id/message', plain('configread')],
  ['POST /application/:id/message/:message/replay', plain('configwrite')],
  [
    'POST /application/:id/account',
    plain('configwrite', {
      danger: (said) =>
        said('role') === 'admin'
          ? `Make the administrator ${said('username')}`
          : `Make the account ${said('username')} with the rights ${said('rights')}`,
    }),
  ],
  [
    'DELETE /application/:id/account/:username',
    plain('configdelete', { danger: named('Delete the account', 'username') }),
  ],

  ['GET /audit', plain('auditlog', { self: true, lists: true })],
  ['GET /audit/:file', plain('auditlog_download', { danger: () => 'Download the audit trail' })],
  ['GET /delivery', {}],
]

export const acts: ReadonlyMap<string, Act> = new Map(table)

/** @param path as the router has it; a pattern in it, a last part that may be left out and a last slash are not of its name. */
export function actNamed(method: string, path: string): Act | null {
  const plainPath = path
    .replaceAll(/\{.*?\}(?=\/|$)/g, '')
    .replace(/\/:\w+\?$/, '')
    .replace(/(.)\/$/, '$1')
  // What may be asked either way is the same act.
  const verb = method === 'GET' && plainPath.startsWith('/validate/') ? 'POST' : method
  return acts.get(`${verb} ${plainPath}`) ?? null
}
