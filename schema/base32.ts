/** RFC 4648 base32, as authenticator apps read seeds: upper case, no padding. */

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export function toBase32(bytes: Uint8Array): string {
  let bits = 0
  let held = 0
  let text = ''
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return bits > 0 ? text + alphabet[(held << (5 - bits)) & 31] : text
}

/** As the privacyIDEA app writes and reads signatures. */
export function toPaddedBase32(bytes: Uint8Array): string {
  const text = toBase32(bytes)
  return text.padEnd(Math.ceil(text.length / 8) * 8, '=')
}

/** @returns the bytes, or null where the text is not base32. Padding, case and blanks are forgiven. */
export function fromBase32(text: string): Uint8Array<ArrayBuffer> | null {
  const digits = text.toUpperCase().replace(/\s/g, '').replace(/=+$/, '')
  if (!/^[A-Z2-7]*$/.test(digits) || [1, 3, 6].includes(digits.length % 8)) return null
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const digit of digits) {
    held = (held << 5) | alphabet.indexOf(digit)
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((held >> bits) & 0xff)
      held &= (1 << bits) - 1
    }
  }
  return new Uint8Array(bytes)
}
