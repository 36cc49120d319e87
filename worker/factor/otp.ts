/**
 * One-time passwords: HOTP (RFC 4226), TOTP (RFC 6238) and recovery codes, which are HOTP's construction in letters. Pure: the
 * clock is an argument, and what is used up comes in and goes out as a state; who keeps it decides in one breath.
 */
import { createHmac } from 'node:crypto'
import { isCrockford, normaliseCrockford, toCrockford } from '../../schema/crockford.ts'
import { equalSecrets } from '../crypto/equal.ts'

export const hashlibs = ['sha1', 'sha256', 'sha512'] as const
export type Hashlib = (typeof hashlibs)[number]
export type OtpType = 'hotp' | 'totp' | 'recovery'

export type OtpKind = {
  type: OtpType
  length: number
  hashlib: Hashlib
  /** Seconds. */
  timeStep: number
  /** Seconds that a clock may be off, either way. */
  timeWindow: number
  /** How many codes a person may have skipped. */
  countWindow: number
  /** How far two codes in a row are looked for. */
  syncWindow: number
}

/** counter: the first step or counter that is still good; of recovery codes the spent ones, a bit each. */
export type OtpState = { counter: number; timeShift: number }

export type OtpMatch = { ok: true; state: OtpState } | { ok: false; usedBefore: boolean }

export const recoveryCodes = 10
export const recoveryLength = 10

/** RFC 4226 §5.3. */
export function hotp(seed: Uint8Array, counter: number, length: number, hashlib: Hashlib): string {
  const digest = digestOf(seed, counter, hashlib)
  const code = digest.readUInt32BE((digest.at(-1) ?? 0) & 15) & 0x7fffffff
  return String(code % 10 ** length).padStart(length, '0')
}

function digestOf(seed: Uint8Array, counter: number, hashlib: Hashlib): Buffer {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(counter))
  return createHmac(hashlib, seed).update(message).digest()
}

/** Fifty random bits in ten characters that survive being read aloud. */
export function recoveryCode(seed: Uint8Array, index: number): string {
  return toCrockford(digestOf(seed, index, 'sha256'), recoveryLength)
}

/** RFC 6238 §4.2, with the drift that this token is known to have. */
export const stepAt = ({ timeStep }: OtpKind, nowSeconds: number, timeShift = 0): number =>
  Math.floor((nowSeconds + timeShift) / timeStep)

/** @returns whether this could be a one-time password of this kind at all. */
export const hasForm = ({ type, length }: Pick<OtpKind, 'type' | 'length'>, typed: string) =>
  type === 'recovery'
    ? isCrockford(normaliseCrockford(typed), length)
    : typed.length === length && /^\d+$/.test(typed)

export function matchOtp(
  kind: OtpKind,
  seed: Uint8Array,
  state: OtpState,
  typed: string,
  nowSeconds: number,
): OtpMatch {
  if (!hasForm(kind, typed)) return { ok: false, usedBefore: false }
  if (kind.type === 'recovery') return matchRecovery(seed, state, normaliseCrockford(typed))
  const matches = (counter: number): boolean =>
    equalSecrets(typed, hotp(seed, counter, kind.length, kind.hashlib))
  const [from, to] = windowOf(kind, state, nowSeconds)
  // Without a way out at the match: how long it takes says nothing of where it was.
  const found = counters(from, to).filter(matches)
  const good = found.find((counter) => counter >= state.counter)
  if (good !== undefined)
    return {
      ok: true,
      state: {
        counter: good + 1,
        timeShift: kind.type === 'totp' ? shiftOf(kind, good, nowSeconds) : 0,
      },
    }
  return { ok: false, usedBefore: found.length > 0 }
}

/** One that was good before is looked for as well, so that a person is told why it is refused. */
function windowOf(kind: OtpKind, { counter, timeShift }: OtpState, now: number): [number, number] {
  if (kind.type === 'hotp')
    return [Math.max(0, counter - kind.countWindow), counter + kind.countWindow]
  const middle = stepAt(kind, now, timeShift)
  const either = Math.ceil(kind.timeWindow / kind.timeStep)
  return [Math.max(0, middle - either), middle + either]
}

function matchRecovery(seed: Uint8Array, { counter }: OtpState, typed: string): OtpMatch {
  const index = counters(0, recoveryCodes - 1)
    .filter((one) => equalSecrets(typed, recoveryCode(seed, one)))
    .at(0)
  if (index === undefined) return { ok: false, usedBefore: false }
  const bit = 2 ** index
  return counter & bit
    ? { ok: false, usedBefore: true }
    : { ok: true, state: { counter: counter | bit, timeShift: 0 } }
}

/** RFC 4226 §7.4: two in a row within the wider window. @returns the state after them, or null. */
export function resynchronised(
  kind: OtpKind,
  seed: Uint8Array,
  { counter }: OtpState,
  [first, second]: [string, string],
  nowSeconds: number,
): OtpState | null {
  if (kind.type === 'recovery') return null
  const now = stepAt(kind, nowSeconds)
  const from = kind.type === 'hotp' ? counter : Math.max(counter, now - kind.syncWindow, 0)
  const to = kind.type === 'hotp' ? counter + kind.syncWindow : now + kind.syncWindow
  const code = (at: number): string => hotp(seed, at, kind.length, kind.hashlib)
  for (let at = from; at <= to; at++)
    if (equalSecrets(first, code(at)) && equalSecrets(second, code(at + 1)))
      return {
        counter: at + 2,
        timeShift: kind.type === 'totp' ? shiftOf(kind, at + 1, nowSeconds) : 0,
      }
  return null
}

const shiftOf = (kind: OtpKind, step: number, nowSeconds: number): number =>
  (step - stepAt(kind, nowSeconds)) * kind.timeStep

const counters = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
