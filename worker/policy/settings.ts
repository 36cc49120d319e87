/**
 * Every setting once: default, range, meaning. What an administrator sets is a row in D1; a challenge keeps the settings
 * that it was made under.
 */

type Setting = { default: number; min: number; max: number; meaning: string }

export const definitions = {
  answerSeconds: {
    default: 120,
    min: 10,
    max: 3600,
    meaning: 'How long a device may answer a challenge.',
  },
  redeemSeconds: {
    default: 300,
    min: 10,
    max: 3600,
    meaning:
      'How long the application may redeem an approval, counted from the end of the time to answer.',
  },
  matchCode: {
    default: 1,
    min: 0,
    max: 1,
    meaning: '1: the person types the code shown at the login. 0: plain approve, which is weaker.',
  },
  userVerification: {
    default: 0,
    min: 0,
    max: 1,
    meaning:
      '1: each approval asks for a fingerprint, a face or a PIN. Devices without one cannot approve.',
  },
  apiKeyRequired: {
    default: 1,
    min: 0,
    max: 1,
    meaning:
      '1: only a known application may try PINs or ring devices. Never asked for on a loopback deployment.',
  },
  blockingWaitSeconds: {
    default: 60,
    min: 1,
    max: 300,
    meaning: 'How long a check with State, or a poll with wait, may wait for the answer.',
  },
  openPrompts: {
    default: 1,
    min: 1,
    max: 10,
    meaning: 'While so many prompts are open, further challenges are made but do not ring.',
  },
  missedPrompts: {
    default: 3,
    min: 1,
    max: 100,
    meaning:
      'After so many prompts in a row were declined, called off or left unanswered, further ones wait before they ring.',
  },
  firstQuietSeconds: {
    default: 10,
    min: 1,
    max: 3600,
    meaning: 'The first wait after missed prompts; each further miss doubles it.',
  },
  longestQuietSeconds: {
    default: 3600,
    min: 1,
    max: 86_400,
    meaning: 'The longest wait after missed prompts.',
  },
  quietForgottenSeconds: {
    default: 86_400,
    min: 60,
    max: 604_800,
    meaning:
      'After so long without a prompt, misses are forgotten. An approval forgets them at once.',
  },
  promptsPerHourByApplication: {
    default: 30,
    min: 1,
    max: 10_000,
    meaning: 'How often an hour one application may ring one person.',
  },
  promptsPerHourByClient: {
    default: 20,
    min: 1,
    max: 10_000,
    meaning: 'How often an hour requests from one address may ring one person.',
  },
  resends: {
    default: 3,
    min: 0,
    max: 20,
    meaning: 'How often one challenge may be sent again.',
  },
  enrolmentSeconds: {
    default: 600,
    min: 60,
    max: 86_400,
    meaning: 'How long an enrolment can be finished.',
  },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof definitions
export type Settings = Record<SettingName, number>

export const settingNames = Object.keys(definitions) as SettingName[]

export const defaults = Object.fromEntries(
  settingNames.map((name) => [name, definitions[name].default]),
) as Settings

/** @returns what is wrong with the value, in words, or null. */
export function settingProblem(name: SettingName, value: number): string | null {
  const { min, max } = definitions[name]
  return Number.isInteger(value) && value >= min && value <= max
    ? null
    : `${name} must be a whole number from ${min} to ${max}`
}

/** Rows of D1 over the defaults; a row that is unknown or out of range is passed over. */
export function settingsFrom(rows: { name: string; value: string }[]): Settings {
  const settings = { ...defaults }
  for (const { name, value } of rows) {
    if (!(name in definitions)) continue
    const number = Number(value)
    if (settingProblem(name as SettingName, number) === null) settings[name as SettingName] = number
  }
  return settings
}
