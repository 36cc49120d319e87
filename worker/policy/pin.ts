/** What policies ask of a PIN, and PINs that are made at random. Pure: randomness is an argument. The words are privacyIDEA's. */

export type PinRules = { shortest: number | null; longest: number | null; contents: string | null }

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const digits = '0123456789'
const special = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'
const classes: Record<string, string> = { c: letters, n: digits, s: special }
/** Read aloud and typed again without mistaking one for another. */
const unmistakable = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'

export const isContents = (text: string): boolean => /^[+-]?[cns]+$|^\[.+\]$/.test(text)

/** allowed: every character must be one of these. needed: of each at least one must be there. */
function read(contents: string): { allowed: string; needed: string[] } {
  const all = letters + digits + special
  const named = [...contents.replace(/^[+-]/, '')].map((name) => classes[name] ?? '')
  if (contents.startsWith('[')) return { allowed: contents.slice(1, -1), needed: [] }
  if (contents.startsWith('+')) return { allowed: all, needed: [named.join('')] }
  if (contents.startsWith('-'))
    return { allowed: [...all].filter((one) => !named.join('').includes(one)).join(''), needed: [] }
  return { allowed: all, needed: named }
}

/** @returns what is wrong with it, or null. */
export function pinProblem(pin: string, { shortest, longest, contents }: PinRules): string | null {
  const length = [...pin].length
  if (shortest !== null && length < shortest) return `The minimum OTP PIN length is ${shortest}`
  if (longest !== null && length > longest) return `The maximum OTP PIN length is ${longest}`
  if (contents === null) return null
  const { allowed, needed } = read(contents)
  const problems = [
    ...([...pin].every((one) => allowed.includes(one)) ? [] : ['Not allowed character in PIN!']),
    ...needed
      .filter((some) => ![...pin].some((one) => some.includes(one)))
      .map((some) => `Missing character in PIN: ${some}`),
  ]
  return problems.length > 0 ? problems.join(',') : null
}

/** @returns one that the contents allow; of each class that they ask for there is at least one, where the length has room for it. */
export function randomPin(
  length: number,
  contents: string | null,
  random: (bytes: number) => Uint8Array,
): string {
  const { allowed, needed } =
    contents === null ? { allowed: unmistakable, needed: [] } : read(contents)
  const pin = Array.from({ length }, (_, at) => one(needed[at] ?? allowed, random))
  // What was asked for must not always stand first.
  for (let at = pin.length - 1; at > 0; at--) {
    const other = below(at + 1, random)
    ;[pin[at], pin[other]] = [pin[other] ?? '', pin[at] ?? '']
  }
  return pin.join('')
}

const one = (some: string, random: (bytes: number) => Uint8Array): string =>
  some[below(some.length, random)] ?? ''

/** Each as likely as the other: a byte that would favour some is thrown away. */
function below(count: number, random: (bytes: number) => Uint8Array): number {
  for (;;) {
    const [byte = 0] = random(1)
    if (byte < 256 - (256 % count)) return byte % count
  }
}
