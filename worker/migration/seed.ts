/** Seeds as files write them, and what a token here may be: each reader asks the same. Pure. */
import { fromBase32 } from '../../schema/base32.ts'
import { type Hashlib, hashlibs } from '../factor/otp.ts'

/** What is under 80 bits nobody should log in with; many apps have no more. RFC 4226 §4 R6 wants 128. */
const shortestBytes = 10
const wantedBytes = 16
const longestBytes = 128

/** Hexadecimal where it can be: no seed of base32 is without a letter beyond F for long. */
export function seedFrom(text: string): Uint8Array<ArrayBuffer> | null {
  const plain = text.replaceAll(/[\s-]/g, '')
  if (/^([0-9a-f]{2})+$/i.test(plain))
    return Uint8Array.from(plain.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
  return fromBase32(plain.replace(/=+$/, ''))
}

/** As privacyIDEA tells the hash of a seed by its length, where a file does not say it. */
export const hashlibByLength = (bytes: number): string =>
  ({ 28: 'sha224', 32: 'sha256', 48: 'sha384', 64: 'sha512' })[bytes] ?? 'sha1'

/** `HMAC-SHA256`, `sha-256` and `SHA256` are one. */
export function hashlibNamed(text: string): Hashlib | null {
  const name = text
    .toLowerCase()
    .replace(/^hmac[-_]?/, '')
    .replace('-', '')
  return hashlibs.find((known) => known === name) ?? null
}

type Kind = { type: string; length: number; timeStep: number; counter: number }

/** @returns what is wrong with such a token, or ''. */
export function problemOf(
  { type, length, timeStep, counter }: Kind,
  seed: Uint8Array | null,
  hashlib: string,
): string {
  if (type !== 'hotp' && type !== 'totp') return `the type '${type.slice(0, 40)}' is not kept here`
  if (!seed) return 'the key is neither hexadecimal nor base32'
  if (seed.length < shortestBytes) return `the key is shorter than ${shortestBytes} bytes`
  if (seed.length > longestBytes) return `the key is longer than ${longestBytes} bytes`
  if (!hashlibNamed(hashlib))
    return `the hash '${hashlib.slice(0, 40)}' is not offered: ${hashlibs.join(', ')} are`
  if (length !== 6 && length !== 8) return 'the length must be 6 or 8'
  if (type === 'totp' && timeStep !== 30 && timeStep !== 60)
    return 'the time step must be 30 or 60 seconds'
  if (!Number.isSafeInteger(counter) || counter < 0) return 'the counter must be a whole number'
  return ''
}

export const noteOf = (seed: Uint8Array): string =>
  seed.length < wantedBytes ? `its key has ${seed.length * 8} bits only: enrol it again soon` : ''

const serialForm = /^[A-Za-z0-9_-]{1,40}$/

export const problemOfSerial = (serial: string): string => {
  if (serial === '') return 'there is no serial'
  return serialForm.test(serial) ? '' : 'the serial must be 1 to 40 letters, digits, - and _'
}
