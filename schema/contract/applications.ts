/** /application: who may ask, and with what. */
import * as v from 'valibot'
import { type Fields, type Route, envelope, flag, need, number, string, text } from './words.ts'

const id = need(text('Small letters, digits and hyphens, at most 64.', 'payroll'))
const limits: Fields = {
  rights: need(
    text(
      'Rights with commas between, or a JSON list. Nobody hands on one they lack.',
      'check,trigger',
    ),
  ),
  networks: text(
    'Addresses and networks that it may come from; any where it is left out.',
    '10.0.0.0/8',
  ),
}
const limited = {
  rights: v.array(v.string()),
  networks: v.array(v.string()),
  created_at: number('Epoch seconds.'),
}
const route = { surface: 'applications', who: 'applications' } as const
const one = { ...route, parts: { id }, refuses: [404] }
const gone = envelope(v.literal(1))

export const applications: Route[] = [
  {
    ...route,
    method: 'GET',
    path: '/application',
    does: 'Lists the applications with their keys and accounts, without a secret',
    gives: envelope(
      v.array(
        v.object({
          id: v.string(),
          name: v.string(),
          keys: v.array(v.object({ id: v.string(), ...limited })),
          accounts: v.array(v.object({ username: v.string(), role: v.string(), ...limited })),
        }),
      ),
    ),
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id',
    does: 'Makes an application, or names it anew',
    takes: { name: need(text('What devices show, at most 64 characters.', 'Payroll')) },
    gives: envelope(v.object({ id: v.string(), name: v.string() })),
  },
  {
    ...one,
    method: 'DELETE',
    path: '/application/:id',
    does: 'Deletes an application with its keys and accounts',
    gives: gone,
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id/key',
    does: 'Makes a key; it is told here, once, and never again',
    takes: {
      ...limits,
      by_source: flag(
        'No secret: whoever calls from `networks` without a header is this application, for `check` alone.',
      ),
    },
    gives: envelope(
      v.object({
        id: v.string(),
        api_key: v.optional(
          string('What goes into `X-API-Key`; none where it is known by address.'),
        ),
      }),
    ),
  },
  {
    ...one,
    method: 'DELETE',
    path: '/application/:id/key/:key',
    does: 'Takes a key back',
    parts: { id, key: need(text('The id of the key.', 'Zk3bQw7RpL1x')) },
    gives: gone,
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id/account',
    does: 'Makes a service account or an administrator, which POST /auth gives sessions to',
    takes: {
      username: need(text('Letters, digits and . _ @ -, at most 128.', 'payroll-service')),
      password: need(text('At least 12 characters.', 'a long and quiet password')),
      role: text('`service`, or `admin` in the application `default`, by an administrator.'),
      ...limits,
      rights: text('As of a key; an administrator has all.', 'check,trigger'),
    },
    gives: envelope(v.object({ username: v.string(), role: v.string() })),
  },
  {
    ...one,
    method: 'DELETE',
    path: '/application/:id/account/:username',
    does: 'Takes an account away, and its sessions with it; the last administrator stays',
    parts: { id, username: need(text('The name of the account.', 'payroll-service')) },
    gives: gone,
  },
]
