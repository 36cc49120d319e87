/** What somebody may do, as POST /auth tells it: the actions that policies grant them, the menus that follow, the types they may enrol. */
import { type Scope, actions } from './actions.ts'
import { type Policy, type Subject, isGranted } from './match.ts'
import type { Right } from './rights.ts'

/** What a right of an account or a key opens, in the words of policies. */
const opens: Partial<Record<Right, readonly string[]>> = {
  trigger: ['triggerchallenge'],
  enrol: [
    'enrollPUSH',
    'enrollTOTP',
    'enrollHOTP',
    'enrollRECOVERY',
    'enrollPASSKEY',
    'enrollREGISTRATION',
    'tokenlist',
    'getchallenges',
  ],
  tokens: [
    ...['enable', 'disable', 'revoke', 'reset', 'resync', 'setpin', 'setrandompin', 'assign'],
    ...['unassign', 'losttoken', 'set', 'setdescription', 'tokenrealms', 'settokeninfo', 'delete'],
  ],
  add_people: ['adduser'],
  people: ['userlist', 'adduser', 'updateuser', 'deleteuser', 'resolverread'],
  settings: [
    ...['policyread', 'policywrite', 'policydelete', 'configread', 'configwrite', 'configdelete'],
    ...['resolverread', 'resolverwrite', 'resolverdelete', 'smsgateway_read', 'smsgateway_write'],
  ],
  applications: ['configread', 'configwrite', 'configdelete'],
  audit: ['auditlog', 'auditlog_download'],
}

/** @param rights of a service account; null for an administrator or a person: no right of theirs is left out. */
export function grantedActions(
  policies: Policy[],
  scope: Extract<Scope, 'admin' | 'user'>,
  subject: Subject,
  rights: Iterable<string> | null,
): string[] {
  const all = Object.keys(actions[scope])
  const opened = rights && new Set([...rights].flatMap((right) => opens[right as Right] ?? []))
  return all.filter(
    (action) =>
      (!opened || opened.has(action)) && (opened || isGranted(policies, scope, action, subject)),
  )
}

const menuOf: [RegExp, string][] = [
  [/^(auditlog|auditlog_download)$/, 'audit'],
  [/^(policy|config|resolver)(read|write|delete)$/, 'config'],
  [/^(userlist|adduser|updateuser|deleteuser)$/, 'users'],
  [/^(enroll.*|tokenlist|enable|disable|delete|assign|setpin)$/, 'tokens'],
]

export const menusOf = (granted: string[]): string[] =>
  menuOf.flatMap(([pattern, menu]) => (granted.some((name) => pattern.test(name)) ? [menu] : []))

/** The token types that can be enrolled here, as privacyIDEA tells of them. */
const types = {
  hotp: 'HOTP: Event based One Time Passwords.',
  passkey: 'Passkey: Signs in by itself, with a finger, a face or a PIN.',
  push: 'PUSH: Send a push notification to a smartphone.',
  recovery: 'Recovery: Ten codes on paper, each good once.',
  totp: 'TOTP: Time based One Time Passwords.',
}

export const enrolableTypes = (granted: string[]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(types).filter(([type]) => granted.includes(`enroll${type.toUpperCase()}`)),
  )
