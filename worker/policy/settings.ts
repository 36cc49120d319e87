/**
 * The numbers that a challenge is made under, each from one place: the system's configuration, or an action of a policy.
 * Where no policy speaks of an action it is off, as in privacyIDEA; a fresh deployment has the policy `hardening`.
 */
import { type ActionOf, type Value, actions } from './actions.ts'
import { type Policy, type Subject, valueOf } from './match.ts'

/** Set by POST /system/setConfig under this name. */
export type Configured = {
  config: string
  default: number
  min: number
  max: number
  /** Where not every number between is one. */
  choices?: readonly number[]
  meaning: string
}
/** Said by policies of scope authentication. `off`: where none speaks. `hardened`: what a fresh deployment's policy says; null: nothing. */
type Governed = { action: ActionOf<'authentication'>; off: number; hardened: number | null }

/** More often than anything happens. */
export const unlimited = 1_000_000_000

export const definitions = {
  answerSeconds: {
    config: 'PushChallengeValidityTime',
    default: 120,
    min: 10,
    max: 3600,
    meaning: 'How long a device may answer a challenge.',
  },
  redeemSeconds: {
    config: 'PushChallengeFinalizeGrace',
    default: 300,
    min: 10,
    max: 3600,
    meaning:
      'How long the application may redeem an approval, counted from the end of the time to answer.',
  },
  otpChallengeSeconds: {
    config: 'DefaultChallengeValidityTime',
    default: 120,
    min: 10,
    max: 3600,
    meaning: 'How long a challenge that asks for a one-time password may be answered.',
  },
  maxFailCount: {
    config: 'DefaultMaxFailCount',
    default: 10,
    min: 1,
    max: 10_000,
    meaning: 'After so many failures a new token is locked.',
  },
  countWindow: {
    config: 'DefaultCountWindow',
    default: 10,
    min: 1,
    max: 1000,
    meaning: 'How far the counter of a new HOTP token may have run ahead.',
  },
  syncWindow: {
    config: 'DefaultSyncWindow',
    default: 1000,
    min: 1,
    max: 10_000,
    meaning: 'How far a new token is looked for when it is resynchronised.',
  },
  otpLength: {
    config: 'DefaultOtpLen',
    default: 6,
    min: 6,
    max: 8,
    choices: [6, 8],
    meaning: 'How many digits the one-time passwords of a new token have.',
  },
  countWrongPins: {
    config: 'IncFailCountOnFalsePin',
    default: 0,
    min: 0,
    max: 1,
    meaning: 'Whether a wrong PIN counts as a failure of the token.',
  },
  blockingWaitSeconds: {
    config: 'StateWaitSeconds',
    default: 60,
    min: 1,
    max: 300,
    meaning: 'How long a check with State, or a poll with wait, may wait for the answer.',
  },
  enrolmentSeconds: {
    config: 'EnrolmentSeconds',
    default: 600,
    min: 60,
    max: 86_400,
    meaning: 'How long an enrolment can be finished.',
  },
  deviceHoldSeconds: {
    config: 'DeviceHoldSeconds',
    default: 86_400,
    min: 0,
    max: 604_800,
    meaning:
      'How long a device that another device let in may not answer. 0 is not at all. Its owner’s others can stop it as long, and for a day at least.',
  },
  ldapWithoutTls: {
    config: 'LdapWithoutTls',
    default: 0,
    min: 0,
    max: 1,
    meaning: 'Whether directories may be asked by ldap://, where every password travels readable.',
  },
  matchCode: { action: 'push_typed_code', off: 0, hardened: 1 },
  userVerification: { action: 'push_user_verification', off: 0, hardened: null },
  apiKeyRequired: { action: 'api_key_required', off: 0, hardened: 1 },
  openPrompts: { action: 'push_open_prompts', off: unlimited, hardened: 1 },
  missedPrompts: { action: 'push_missed_prompts', off: unlimited, hardened: 3 },
  firstQuietSeconds: { action: 'push_first_quiet_seconds', off: 10, hardened: 10 },
  longestQuietSeconds: { action: 'push_longest_quiet_seconds', off: 3600, hardened: 3600 },
  quietForgottenSeconds: { action: 'push_quiet_forgotten_seconds', off: 86_400, hardened: 86_400 },
  promptsPerHourByApplication: {
    action: 'push_prompts_per_hour_application',
    off: unlimited,
    hardened: 30,
  },
  promptsPerHourByClient: { action: 'push_prompts_per_hour_client', off: unlimited, hardened: 20 },
  pushWaitSeconds: { action: 'push_wait', off: 0, hardened: null },
  randomPinLength: { action: 'otp_pin_set_random', off: 0, hardened: 8 },
  resends: { action: 'push_resends', off: 20, hardened: 3 },
  selfServiceFactor: { action: 'self_service_factor', off: 0, hardened: 1 },
  countChallenges: { action: 'increase_failcounter_on_challenge', off: 0, hardened: null },
  resetAll: { action: 'reset_all_user_tokens', off: 0, hardened: null },
  hideErrors: { action: 'hide_specific_error_message', off: 0, hardened: 1 },
} as const satisfies Record<string, Configured | Governed>

export type SettingName = keyof typeof definitions
export type Settings = Record<SettingName, number>

type Named<T> = T & { name: SettingName }
const all = Object.entries(definitions).map(
  ([name, one]) => ({ name, ...one }) as Named<Configured | Governed>,
)
export const configured = all.filter((one): one is Named<Configured> => 'config' in one)
export const governed = all.filter((one): one is Named<Governed> => 'action' in one)

/** What the policy `hardening` of a fresh deployment says. */
export const hardening: Record<string, Value> = Object.fromEntries(
  governed.flatMap(({ action, hardened }) => {
    if (hardened === null) return []
    const isFlag = actions.authentication[action].type === 'bool'
    return [[action, isFlag ? hardened === 1 : hardened]]
  }),
)

/** What holds in a fresh deployment. */
export const hardenedSettings = Object.fromEntries(
  all.map((one) => [one.name, 'config' in one ? one.default : (one.hardened ?? one.off)]),
) as Settings

/** The policy that every new deployment starts with, as a row. */
export const hardeningPolicy = (customer: string) => ({
  customer,
  name: 'hardening',
  scope: 'authentication',
  active: true,
  priority: 1,
  realm: [],
  resolver: [],
  user: [],
  adminrealm: [],
  adminuser: [],
  client: [],
  time: '',
  action: hardening,
  description:
    'What every new deployment starts with. Without it logins go exactly as privacyIDEA has them.',
})

/**
 * Without an enrolment policy nobody can enrol a push token. Asked last of all, so that whatever an administrator says goes before it
 * and never contradicts it.
 */
export const enrolmentPolicy = (customer: string) => ({
  ...hardeningPolicy(customer),
  name: 'enrolment',
  scope: 'enrollment',
  priority: 1000,
  action: { push_firebase_configuration: 'web push' },
  description: 'What every new deployment starts with: push tokens are enrolled with our own app.',
})

/** @returns what is wrong with a value of the configuration, in words, or null. */
export function configProblem({ min, max, choices }: Configured, value: number): string | null {
  if (choices) return choices.includes(value) ? null : `must be ${choices.join(' or ')}`
  return Number.isInteger(value) && value >= min && value <= max
    ? null
    : `must be a whole number from ${min} to ${max}`
}

/** privacyIDEA's clients write truth in words. */
export function configNumber(text: string): number {
  if (/^true$/i.test(text)) return 1
  if (/^false$/i.test(text)) return 0
  return text.trim() === '' ? Number.NaN : Number(text)
}

export type ConfigRow = { name: string; value: string }

/** @returns the settings, or the names of policies that contradict each other. */
export function settingsFrom(
  rows: ConfigRow[],
  policies: Policy[],
  subject: Subject,
): Settings | { conflict: string[] } {
  const settings: Partial<Settings> = { ...configurationOf(rows) }
  for (const { name, action, off } of governed) {
    const said = valueOf(policies, 'authentication', action, subject)
    if (said && 'conflict' in said) return said
    settings[name] = said === null ? off : Number(said.value)
  }
  return settings as Settings
}

/** Worked out once for each list of rows: a login asks for it several times. */
const configurations = new WeakMap<ConfigRow[], Partial<Settings>>()

function configurationOf(rows: ConfigRow[]): Partial<Settings> {
  const known = configurations.get(rows)
  if (known) return known
  const settings: Partial<Settings> = {}
  for (const one of configured) {
    const row = rows.find(({ name }) => name === one.config)
    const value = row ? configNumber(row.value) : one.default
    settings[one.name] = configProblem(one, value) === null ? value : one.default
  }
  configurations.set(rows, settings)
  return settings
}
