/** What the text of an action must be, beside text. Pure. */
import { patternProblem } from './pattern.ts'
import { parseLimit, parseSpan } from './span.ts'

/** What a text must be, beside text. */
export type Form = {
  /** @returns what is wrong with it, in words, or null. */
  wrong?: (value: string) => string | null
  /** What it means without a value, as in older policies. */
  bare?: string
}

/** What a device shows must not give away what only the login shows. */
export const onDevice = {
  wrong: (value: string) =>
    /\{(presence_answer|challenge)\}/.test(value)
      ? 'is shown on the device: {presence_answer} and {challenge} belong to the login alone'
      : null,
}
export const limit = {
  wrong: (value: string) => (parseLimit(value) ? null : 'must be a number and a span, as in 2/1m'),
}
export const span = {
  wrong: (value: string) =>
    parseSpan(value) === null ? 'must be a number and s, m, h, d or y, as in 90d' : null,
}
const clientModes = ['interactive', 'webauthn', 'poll', 'u2f']
export const modes = {
  wrong: (value: string) =>
    value
      .split(/\s+/)
      .filter(Boolean)
      .every((mode) => clientModes.includes(mode))
      ? null
      : `must be of ${clientModes.join(', ')}, separated by blanks`,
}
export const userstore = {
  bare: 'userstore',
  wrong: (value: string) =>
    value === 'userstore'
      ? null
      : `must be userstore: a RADIUS server ('${value.slice(0, 64)}') cannot be asked from here`,
}

export const pattern = { wrong: patternProblem }
