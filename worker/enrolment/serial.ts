/** Serials: four letters that say the type, as privacyIDEA's clients know them, and eight hexadecimal digits. */
import type { Context } from '../env.ts'
import { refuse } from '../problem.ts'
import type { TokenType } from '../store/tokens/row.ts'

const prefixes: Record<TokenType, string> = {
  push: 'PIPU',
  totp: 'TOTP',
  hotp: 'OATH',
  recovery: 'RECV',
  passkey: 'PIPK',
}

/** @param asked '' for a new one. @throws Refusal bad_parameter */
export function serialFor({ random }: Context, type: TokenType, asked = ''): string {
  if (asked !== '') {
    if (!/^[A-Za-z0-9_-]{1,40}$/.test(asked))
      refuse({
        reason: 'bad_parameter',
        field: 'serial',
        mend: 'must be 1 to 40 letters, digits, - and _',
      })
    return asked
  }
  const digits = [...random(4)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return prefixes[type] + digits.toUpperCase()
}

export const serialTaken = (): never =>
  refuse({ reason: 'bad_parameter', field: 'serial', mend: 'is the serial of another token' })
