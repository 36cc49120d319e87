/** What a token of one-time passwords shall be: seed, length, hash and time step, each checked with its name. */
import { createHash } from 'node:crypto'
import { fromBase32 } from '../../../schema/base32.ts'
import { type Hashlib, hashlibs } from '../../factor/otp.ts'
import { refuse } from '../../problem.ts'
import { type Parameters, wholeNumber } from './parameters.ts'

/** Under 128 bits a seed can be guessed (RFC 4226 §4 R6); over a kilobyte it is none. */
const shortestSeedBytes = 16
const longestSeedBytes = 128

export function otpShape(parameters: Parameters) {
  return {
    length: parameters.has('otplen') ? oneOf(parameters, 'otplen', [6, 8], 6) : null,
    timeStep: oneOf(parameters, 'timeStep', [30, 60], 30),
    hashlib: hashlibOf(parameters),
  }
}

export function hashlibOf(parameters: Parameters): Hashlib {
  const asked = (parameters.get('hashlib') || 'sha1').toLowerCase()
  return (
    hashlibs.find((known) => known === asked) ??
    refuse({
      reason: 'bad_parameter',
      field: 'hashlib',
      mend: `must be one of ${hashlibs.join(', ')}`,
    })
  )
}

/** @returns null where it shall be made here. @throws Refusal missing_parameter · bad_parameter */
export function seedOf(parameters: Parameters): Uint8Array<ArrayBuffer> | null {
  const given = parameters.get('otpkey').trim()
  if (given === '') {
    if (!/^(1|true|yes)$/i.test(parameters.get('genkey')))
      refuse({ reason: 'missing_parameter', field: 'otpkey' })
    return null
  }
  const format = parameters.get('otpkeyformat').toLowerCase() || 'hex'
  const read = formats[format]
  if (!read)
    refuse({
      reason: 'bad_parameter',
      field: 'otpkeyformat',
      mend: `must be one of ${Object.keys(formats).join(', ')}`,
    })
  const bytes = read.bytes(given)
  if (!bytes) refuse({ reason: 'bad_parameter', field: 'otpkey', mend: read.mend })
  if (bytes.length < shortestSeedBytes || bytes.length > longestSeedBytes)
    refuse({
      reason: 'bad_parameter',
      field: 'otpkey',
      mend: `must be ${shortestSeedBytes} to ${longestSeedBytes} bytes`,
    })
  return bytes
}

type Format = { bytes: (text: string) => Uint8Array<ArrayBuffer> | null; mend: string }

const formats: Record<string, Format> = {
  hex: { bytes: fromHex, mend: 'must be hexadecimal' },
  base32: { bytes: fromBase32, mend: 'must be base32' },
  base32check: { bytes: fromBase32Check, mend: 'must be base32 of its checksum and itself' },
}

/** As a person types it from an app: four bytes of its SHA-1 stand before it, so that a slip is noticed. */
function fromBase32Check(text: string): Uint8Array<ArrayBuffer> | null {
  const bytes = fromBase32(text)
  if (!bytes || bytes.length <= checkBytes) return null
  const [sum, rest] = [bytes.slice(0, checkBytes), bytes.slice(checkBytes)]
  const expected = createHash('sha1').update(rest).digest().subarray(0, checkBytes)
  return expected.equals(sum) ? rest : null
}
const checkBytes = 4

/** @returns epoch seconds, or null where it is not asked. `+0100` is understood beside `+01:00`. @throws Refusal bad_parameter */
export function momentOf(parameters: Parameters, name: string): number | null {
  const text = parameters.get(name).trim()
  if (text === '') return null
  const atMs = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text) || Number.isNaN(atMs))
    refuse({
      reason: 'bad_parameter',
      field: name,
      mend: 'must be a moment as in 2026-12-30T16:00+0200',
    })
  return Math.floor(atMs / 1000)
}

function fromHex(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^([0-9a-f]{2})+$/i.test(text)) return null
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}

function oneOf(parameters: Parameters, name: string, allowed: number[], otherwise: number): number {
  const [min = 0, max = 0] = [allowed[0], allowed.at(-1)]
  const number = wholeNumber(parameters, name, { min, max, otherwise })
  if (!allowed.includes(number))
    refuse({ reason: 'bad_parameter', field: name, mend: `must be ${allowed.join(' or ')}` })
  return number
}
