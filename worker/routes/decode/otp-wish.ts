/** What a token of one-time passwords shall be: seed, length, hash and time step, each checked with its name. */
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
  const base32 = /^base32/i.test(parameters.get('otpkeyformat'))
  const bytes = base32 ? fromBase32(given) : fromHex(given)
  if (!bytes)
    refuse({
      reason: 'bad_parameter',
      field: 'otpkey',
      mend: base32 ? 'must be base32' : 'must be hexadecimal',
    })
  if (bytes.length < shortestSeedBytes || bytes.length > longestSeedBytes)
    refuse({
      reason: 'bad_parameter',
      field: 'otpkey',
      mend: `must be ${shortestSeedBytes} to ${longestSeedBytes} bytes`,
    })
  return bytes
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
