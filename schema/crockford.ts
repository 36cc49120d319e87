/** Crockford's base32: no I, L, O or U, so that a code read aloud or off a screen survives. */

export const crockfordAlphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** @returns `length` characters made of the first `length`×5 bits of `bytes`. */
export function toCrockford(bytes: Uint8Array, length: number): string {
  let bits = 0
  let held = 0
  let text = ''
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5 && text.length < length) {
      bits -= 5
      text += crockfordAlphabet[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return text
}

/** What a person typed, as the alphabet has it: case, blanks, hyphens, and O, I and L forgiven. */
export function normaliseCrockford(typed: string): string {
  return typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1')
}

/** @returns 0 to 31. */
export const valueOf = (letter: string): number => crockfordAlphabet.indexOf(letter)

/** @param value what is beyond 31 begins anew. */
export const letterAt = (value: number): string => crockfordAlphabet.charAt(value % 32)

/** @returns whether the normalised text is `length` characters of the alphabet and nothing else. */
export function isCrockford(text: string, length: number): boolean {
  return (
    text.length === length && [...text].every((character) => crockfordAlphabet.includes(character))
  )
}
