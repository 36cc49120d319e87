/**
 * Every policy action once: its scope, its type, what it means. This table drives what POST /policy/ accepts, what GET
 * /policy/defs lists and what the documentation says. Names that privacyIDEA has are spelt as it spells them.
 */
import { isContents } from './pin.ts'
import { type Form, limit, modes, onDevice, pattern, span, userstore } from './forms.ts'

export type Action = (
  | { type: 'bool' }
  | { type: 'int'; min: number; max: number }
  | ({ type: 'str'; choices?: readonly string[] } & Form)
) & {
  meaning: string
  /** What whoever sets it must know; POST /policy/ tells it. */
  warning?: string
}

const flag = (meaning: string): Action => ({ type: 'bool', meaning })
const count = (min: number, max: number, meaning: string): Action => ({
  type: 'int',
  min,
  max,
  meaning,
})
const text = (meaning: string, choices?: readonly string[]): Action => ({
  type: 'str',
  meaning,
  ...(choices && { choices }),
})
const formed = (meaning: string, form: Form): Action => ({ type: 'str', meaning, ...form })

const daySeconds = 86_400

/** In scope admin for what administrators set, in scope user for people themselves; in scope enrollment, where those say nothing. */
const pins = {
  otp_pin_minlength: count(0, 255, 'The shortest PIN.'),
  otp_pin_maxlength: count(1, 255, 'The longest PIN.'),
  otp_pin_contents: {
    type: 'str',
    meaning:
      'What a PIN must hold: c letters, n digits, s special characters; +cn at least one of them, -ns none of them, [abc] only these.',
    wrong: (value: string) => (isContents(value) ? null : 'must be as in cn, +cn, -s or [abc123]'),
  },
} as const satisfies Record<string, Action>

const enrollment = {
  push_firebase_configuration: text(
    'How push tokens are reached: `web push`, `poll only`, or the name of an FCM configuration.',
  ),
  push_registration_url: text(
    'Where phones send their answers; the address of this server by default.',
  ),
  push_device_codes: text(
    'Whether our own app shows six-digit codes as well, for when it cannot be reached; `allow` where nothing is said. Whoever is tricked into telling one has let somebody in.',
    ['allow', 'deny'],
  ),
  push_ttl: count(1, 1440, 'How many minutes an enrolment can be finished.'),
  push_ssl_verify: text('Whether phones check our certificate.', ['0', '1']),
  push_use_pia_scheme: flag('Enrolment codes begin with pia:// instead of otpauth://.'),
  push_force_app_pin: flag('The phone app asks for its PIN.'),
  push_app_force_unlock: text('How the phone app is unlocked.', ['any', 'biometric', 'pin']),
  push_max_token_per_user: count(0, 1000, 'How many push tokens one person may have.'),
  push_max_active_token_per_user: count(
    0,
    1000,
    'How many active push tokens one person may have.',
  ),
  hotp_max_token_per_user: count(0, 1000, 'How many HOTP tokens one person may have.'),
  hotp_max_active_token_per_user: count(
    0,
    1000,
    'How many active HOTP tokens one person may have.',
  ),
  totp_max_token_per_user: count(0, 1000, 'How many TOTP tokens one person may have.'),
  totp_max_active_token_per_user: count(
    0,
    1000,
    'How many active TOTP tokens one person may have.',
  ),
  passkey_max_token_per_user: count(0, 1000, 'How many passkeys one person may have.'),
  passkey_max_active_token_per_user: count(
    0,
    1000,
    'How many active passkeys one person may have.',
  ),
  max_token_per_user: count(0, 1000, 'How many tokens one person may have.'),
  max_active_token_per_user: count(0, 1000, 'How many active tokens one person may have.'),
  max_token_per_realm: count(0, 10_000_000, 'How many tokens a realm may have.'),
  tokenlabel: text('The label of an enrolment code; tags as in {user}.'),
  tokenissuer: text('The issuer of an enrolment code; tags as in {realm}.'),
  appimageurl: text('The picture that a phone app shows.'),
  ...pins,
  otp_pin_random: count(
    1,
    64,
    'A new token gets a PIN made at random, this long; it is told once.',
  ),
} as const satisfies Record<string, Action>

const authentication = {
  push_text_on_mobile: formed('What the device asks; tags as in {user}.', onDevice),
  push_title_on_mobile: formed('The title of what the device asks.', onDevice),
  push_wait: count(
    0,
    300,
    'How many seconds /validate/check waits for the device. The question is then plain approve.',
  ),
  push_allow_polling: text('Whether devices may ask for their open challenges.', [
    'allow',
    'deny',
    'token',
  ]),
  push_ssl_verify: text('Whether phones check our certificate.', ['0', '1']),
  push_require_presence: flag(
    'Stock phones show what the login shows among other texts, and one is pressed. Our own devices take a typed code.',
  ),
  push_presence_options: text('What is pressed.', ['ALPHABETIC', 'NUMERIC', 'CUSTOM']),
  push_presence_custom_options: text('Own texts to press, separated by colons.'),
  push_presence_num_options: count(
    2,
    10,
    'Among how many one is pressed; 3 where nothing is said.',
  ),
  push_code_to_phone: flag(
    'Stock phones show a code that the person types at the login. Our own devices take a typed code.',
  ),
  push_code_to_phone_message: text('What stands beside that code.'),
  push_challenge_text: text(
    'What the login says while it waits for the device; {presence_answer} is the code.',
  ),
  passkey_challenge_text: text('What the login says while it waits for a passkey.'),
  challenge_text: text('What the login says for any challenge.'),
  challenge_text_header: text(
    'Put before the texts of the challenges; where it ends with <ul> or <ol> they become a list.',
  ),
  challenge_text_footer: text('Put after the texts of the challenges, where there is a header.'),
  otppin: text('What the first factor is.', ['none', 'tokenpin', 'userstore']),
  enroll_via_multichallenge: {
    ...text(
      'A token that a person is to have: whoever is let in without one enrols it then, before the login is complete. A stolen password then suffices to do so.',
      ['push', 'totp', 'hotp', 'PUSH', 'TOTP', 'HOTP'],
    ),
    warning:
      'Whoever knows the password of a person who has no such token can enrol a device of their own in that person’s name, and is let in with it from then on, until somebody deletes the token.',
  },
  enroll_via_multichallenge_optional: flag(
    'Whoever logs in may put the enrolment off, and is let in without.',
  ),
  enroll_via_multichallenge_text: text('What the login says while it enrols.'),
  enroll_via_multichallenge_template: text(
    'The template of a container that the login makes; there are no containers here.',
  ),
  preferred_client_mode: formed(
    'Which kind of challenge a login shows first, most wanted first, separated by blanks.',
    modes,
  ),
  increase_failcounter_on_challenge: flag(
    'Each challenge counts as a failure until it is answered.',
  ),
  reset_all_user_tokens: flag('A success resets the fail counters of all tokens of the person.'),
  passOnNoToken: flag('People without a token are let in.'),
  passOnNoUser: flag('People who do not exist are let in.'),
  passthru: formed(
    'People without a token are let in with the password of their resolver: userstore.',
    userstore,
  ),
  challenge_response: text('Token types that are asked in a second step, separated by blanks.'),
  hide_specific_error_message: flag(
    'Nobody unauthenticated can tell whether a user, a token or a transaction exists.',
  ),
  push_typed_code: flag('The person types the code that the login shows into an empty field.'),
  push_user_verification: flag(
    'Each approval asks for a fingerprint, a face or a PIN of the device.',
  ),
  push_open_prompts: count(
    1,
    10,
    'While so many prompts are open, further challenges do not ring.',
  ),
  push_missed_prompts: count(
    1,
    100,
    'After so many missed prompts in a row, further ones wait before they ring.',
  ),
  push_first_quiet_seconds: count(
    1,
    3600,
    'The first wait after missed prompts; each further miss doubles it.',
  ),
  push_longest_quiet_seconds: count(1, daySeconds, 'The longest wait after missed prompts.'),
  push_quiet_forgotten_seconds: count(
    60,
    7 * daySeconds,
    'After so long without a prompt, misses are forgotten.',
  ),
  push_prompts_per_hour_application: count(
    1,
    10_000,
    'How often an hour one application may ring one person.',
  ),
  push_prompts_per_hour_client: count(
    1,
    10_000,
    'How often an hour requests from one address may ring one person.',
  ),
  otp_pin_set_random: count(
    0,
    64,
    'How long a PIN is that /token/setrandompin makes, where scopes admin and user do not say it.',
  ),
  push_resends: count(0, 20, 'How often one challenge may be sent again.'),
  self_service_factor: flag(
    'Who signs in at POST /auth to see to their own tokens needs one of them; a password alone lets them look.',
  ),
  api_key_required: flag(
    'Only known applications are answered. Never asked for on a loopback deployment.',
  ),
} as const satisfies Record<string, Action>

const authorization = {
  tokentype: text(
    'Token types that may be used, separated by blanks. What several policies name adds up.',
  ),
  application_tokentype: flag('The application may name the token type with `type`.'),
  serial: formed(
    'A regular expression that must be found in the serial. Of several policies one is enough.',
    pattern,
  ),
  authorized: text('Whether a right authentication is let in.', ['grant_access', 'deny_access']),
  api_key_required: flag(
    'Only known applications are answered. Never asked for on a loopback deployment.',
  ),
  auth_max_success: formed('How many successes one person has in a time, as in 2/1m.', limit),
  auth_max_fail: formed('How many failures one person has in a time, as in 5/10m.', limit),
  last_auth: formed(
    'How long ago the last success of a token may be, as in 90d. One that had none is let in.',
    span,
  ),
  no_detail_on_success: flag('A success says nothing of the token.'),
  no_detail_on_fail: flag('A failure says nothing of the reason.'),
  add_user_in_response: flag('A success tells of the person.'),
  add_resolver_in_response: flag('A success tells of the resolver.'),
} as const satisfies Record<string, Action>

const rights = {
  enrollPUSH: flag('Enrol push tokens.'),
  enrollTOTP: flag('Enrol TOTP tokens.'),
  enrollHOTP: flag('Enrol HOTP tokens.'),
  enrollRECOVERY: flag('Make recovery codes.'),
  enrollPASSKEY: flag('Add passkeys.'),
  delete: flag('Delete tokens.'),
  enable: flag('Enable tokens.'),
  disable: flag('Disable tokens.'),
  revoke: flag('Revoke tokens.'),
  reset: flag('Reset fail counters.'),
  resync: flag('Resynchronise tokens.'),
  setpin: flag('Set PINs.'),
  setrandompin: flag('Set random PINs.'),
  assign: flag('Assign tokens.'),
  unassign: flag('Unassign tokens.'),
  losttoken: flag('Replace lost tokens.'),
  setdescription: flag('Describe tokens.'),
  auditlog: flag('Read the audit trail.'),
  userlist: flag('List people.'),
  ...pins,
  otp_pin_set_random: count(1, 64, 'How long a PIN is that /token/setrandompin makes.'),
} as const satisfies Record<string, Action>

const admin = {
  ...rights,
  enrollREGISTRATION: flag('Make codes with which people sign in once, at /me.'),
  set: flag('Change properties of tokens.'),
  tokenlist: flag('List tokens.'),
  tokenrealms: flag('Set the realms of tokens.'),
  settokeninfo: flag('Set the info of tokens.'),
  getchallenges: flag('List challenges.'),
  triggerchallenge: flag('Trigger challenges.'),
  adduser: flag('Add people.'),
  updateuser: flag('Change people.'),
  deleteuser: flag('Delete people.'),
  policyread: flag('Read policies.'),
  policywrite: flag('Write policies.'),
  policydelete: flag('Delete policies.'),
  configread: flag('Read the configuration.'),
  configwrite: flag('Write the configuration; make applications, keys and accounts.'),
  configdelete: flag('Delete settings, applications, keys and accounts.'),
  resolverread: flag('Read resolvers.'),
  resolverwrite: flag('Write resolvers.'),
  resolverdelete: flag('Delete resolvers.'),
  auditlog_download: flag('Download the audit trail.'),
  smsgateway_read: flag('Read the gateways to phones.'),
  smsgateway_write: flag('Write the gateways to phones.'),
  importtokens: flag('Load tokens from a file.'),
} as const satisfies Record<string, Action>

const user = rights

export const actions = { admin, user, enrollment, authentication, authorization } as const
export type Scope = keyof typeof actions
export const scopes = Object.keys(actions) as Scope[]
export type ActionOf<S extends Scope> = keyof (typeof actions)[S] & string

/** Kept, so that what an administrator brings along is not lost; whoever writes or lists one is told that nothing comes of it. */
const idle: Partial<Record<Scope, readonly string[]>> = {
  // It fills containers of several tokens, which there are none of.
  authentication: ['enroll_via_multichallenge_template'] satisfies ActionOf<'authentication'>[],
}

export const isObeyed = (scope: Scope, name: string): boolean => !(idle[scope] ?? []).includes(name)

export const isScope = (name: string): name is Scope => name in actions

/** @returns the definition, or null where the scope knows no such action. */
export function actionNamed(scope: Scope, name: string): Action | null {
  const table: Record<string, Action> = actions[scope]
  return Object.hasOwn(table, name) ? (table[name] ?? null) : null
}

export type Value = boolean | number | string

/** @returns the value as its action has it, or what is wrong with it in words. */
export function readValue(action: Action, given: unknown): { value: Value } | { problem: string } {
  switch (action.type) {
    case 'bool':
      if ([true, 1, '1', 'true', 'True', ''].includes(given as never)) return { value: true }
      if ([false, 0, '0', 'false', 'False'].includes(given as never)) return { value: false }
      return { problem: 'must be true or false' }
    case 'int': {
      const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : given
      if (
        typeof number === 'number' &&
        Number.isInteger(number) &&
        number >= action.min &&
        number <= action.max
      )
        return { value: number }
      return { problem: `must be a whole number from ${action.min} to ${action.max}` }
    }
    case 'str': {
      const isBare = given === true || given === ''
      const value =
        isBare && action.bare !== undefined
          ? action.bare
          : typeof given === 'number'
            ? String(given)
            : given
      if (typeof value !== 'string' || value.length > 4096) return { problem: 'must be text' }
      if (action.choices && !action.choices.includes(value))
        return { problem: `must be one of ${action.choices.join(', ')}` }
      const problem = action.wrong?.(value) ?? null
      return problem === null ? { value } : { problem }
    }
  }
}
