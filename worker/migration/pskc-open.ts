/**
 * Opens the keys of a PSKC file: plain ones, those that a shared key or a password locks (RFC 6030 §6), each with its MAC. A wrong MAC
 * leaves one key or all of them, as the caller asked.
 */
import { createDecipheriv, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { refuse } from '../problem.ts'
import type { Container, KeyPackage, Locked } from './pskc.ts'
import { type Found, type Left, type TokenFound, plainToken } from './rows.ts'
import { hashlibNamed, noteOf, problemOf, problemOfSerial } from './seed.ts'

export const macChecks = ['check_fail_hard', 'check_fail_soft', 'no_check'] as const
export type MacCheck = (typeof macChecks)[number]

export type PskcKeys = {
  /** Hexadecimal; '' for none. */
  psk: string
  password: string
  check: MacCheck
}

/** Workers derive no longer (node:crypto and WebCrypto alike); RFC 6030's own examples have 1,000. */
const mostIterations = 100_000
const keyBytes: Record<string, number> = { 'aes128-cbc': 16, 'aes192-cbc': 24, 'aes256-cbc': 32 }
const wrapBytes: Record<string, number> = { 'kw-aes128': 16, 'kw-aes192': 24, 'kw-aes256': 32 }
const hashes = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512']

/** @throws Refusal import_refused where the file as a whole cannot be opened. */
export async function openPskc(container: Container, keys: PskcKeys): Promise<Found<TokenFound>> {
  const isLocked = container.packages.some(({ locked }) => locked)
  const key = isLocked ? await keyOf(container, keys) : null
  // Key wrap has a check of its own.
  const needsMac = container.packages.some(({ locked }) => locked && locked.algorithm in keyBytes)
  const macKey =
    key && needsMac && keys.check !== 'no_check' ? await macKeyOf(container, key) : null
  const found: Found<TokenFound> = { rows: [], left: [] }
  const wrong: Left[] = []
  for (const one of container.packages) {
    const { row, serial } = one
    if (
      macKey &&
      one.locked &&
      one.locked.algorithm in keyBytes &&
      !isGenuine(one, one.locked, container, macKey)
    )
      wrong.push({ row, serial, why: 'its MAC is wrong: the file was changed' })
    else {
      const read = await tokenOf(one, key)
      if ('why' in read) found.left.push(read)
      else found.rows.push(read)
    }
  }
  if (wrong.length > 0 && keys.check === 'check_fail_hard')
    return {
      rows: [],
      left: [
        ...wrong,
        ...found.left,
        ...found.rows.map(({ row, serial }) => ({
          row,
          serial,
          why: "another key's MAC is wrong: nothing of this file is taken",
        })),
      ],
    }
  return { rows: found.rows, left: [...found.left, ...wrong] }
}

async function keyOf(container: Container, { psk, password }: PskcKeys): Promise<Buffer> {
  const { derivation, certificate } = container
  if (certificate)
    no(
      'Its keys are encrypted to a certificate: ask for a file with a pre-shared key or a password.',
    )
  if (!derivation) {
    if (psk === '')
      no('Its keys are encrypted with a pre-shared key: send it as psk, 32 hexadecimal digits.')
    return Buffer.from(psk, 'hex')
  }
  if (derivation.algorithm !== 'pbkdf2') no('We only support PBKDF2 as Key derivation function!')
  if (password === '')
    no('The XML KeyContainer specifies a derived encryption key, but no password given!')
  const iterations = Number(derivation.iterations)
  const bytes = Number(derivation.bytes || 16)
  const hash = hashOf(derivation.prf || 'hmac-sha1')
  if (iterations > mostIterations)
    no(
      `Its password is derived with ${iterations} rounds of PBKDF2 (IterationCount), more than the ${mostIterations} that Cloudflare Workers can do: ask for a file with fewer, or with a pre-shared key.`,
    )
  if (!Number.isInteger(iterations) || iterations < 1 || ![16, 24, 32].includes(bytes) || !hash)
    no('The parameters of its key derivation (PBKDF2-params) make no sense.')
  return new Promise((resolve, reject) =>
    pbkdf2(
      password,
      Buffer.from(derivation.salt, 'base64'),
      iterations,
      bytes,
      hash,
      (error, key) => (error ? reject(error) : resolve(key)),
    ),
  )
}

/** §6.1.1: where no key is given for it, the encryption key is the MAC's. */
async function macKeyOf({ mac }: Container, key: Buffer): Promise<Buffer> {
  if (!mac)
    no(
      'Its keys are encrypted, but nothing protects them (MACMethod): pskcValidateMAC=no_check takes them all the same.',
    )
  if (!hashOf(mac.algorithm)) no(`Its MAC algorithm '${mac.algorithm.slice(0, 40)}' is not known.`)
  return mac.key ? ((await opened(mac.key, key)) ?? wrongKey()) : key
}

/** Over the bytes as they are encrypted, the first block included. */
function isGenuine(
  { mac }: KeyPackage,
  locked: Locked,
  container: Container,
  key: Buffer,
): boolean {
  const hash = hashOf(container.mac?.algorithm ?? '') ?? ''
  const actual = createHmac(hash, key).update(Buffer.from(locked.value, 'base64')).digest()
  const expected = Buffer.from(mac, 'base64')
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

async function tokenOf(one: KeyPackage, key: Buffer | null): Promise<TokenFound | Left> {
  const { row, serial } = one
  const isTotp = one.type === 'totp'
  const kind = {
    type: one.type,
    length: Number(one.length),
    timeStep: isTotp ? Number(one.timeInterval || 30) : 30,
    counter: Number(one.counter || 0),
  }
  const drift = isTotp ? Number(one.timeDrift || 0) : 0
  const opening = one.locked ? await seedOf(one.locked, key) : plainOf(one.plain)
  const seed = typeof opening === 'string' ? null : opening
  const why =
    one.why ||
    problemOfSerial(serial) ||
    (typeof opening === 'string' ? opening : '') ||
    problemOf(kind, seed, one.hashlib) ||
    (Number.isFinite(drift) ? '' : 'its drift is no number') ||
    problemOfExpiry(one.expires)
  if (why !== '' || !seed) return { row, serial, why }
  return {
    ...plainToken,
    row,
    serial,
    ...kind,
    type: isTotp ? 'totp' : 'hotp',
    hashlib: hashlibNamed(one.hashlib) ?? 'sha1',
    timeShift: wholeSteps(one.driftInSeconds ? drift : drift * kind.timeStep, kind.timeStep),
    description: one.description.slice(0, 80),
    seed,
    validUntil: one.expires === '' ? null : Math.floor(Date.parse(one.expires) / 1000),
    note: noteOf(seed),
  }
}

/** A clock that is ahead by a part of a step is ahead by the whole of it, half of the time. */
export const wholeSteps = (seconds: number, step: number): number =>
  Math.ceil(seconds / step) * step || 0

const problemOfExpiry = (text: string): string =>
  text === '' || Number.isFinite(Date.parse(text)) ? '' : 'its ExpiryDate is no date'

function plainOf(text: string): Uint8Array<ArrayBuffer> | string {
  if (text === '') return 'there is no secret in it'
  if (!/^[A-Za-z0-9+/\s]+={0,2}$/.test(text)) return 'its secret is not base64'
  return new Uint8Array(Buffer.from(text, 'base64'))
}

async function seedOf(
  locked: Locked,
  key: Buffer | null,
): Promise<Uint8Array<ArrayBuffer> | string> {
  const { algorithm } = locked
  if (!(algorithm in keyBytes) && !(algorithm in wrapBytes))
    return `its encryption '${algorithm.slice(0, 40)}' is not known: AES-CBC and AES key wrap are`
  return new Uint8Array((key && (await opened(locked, key))) ?? wrongKey())
}

/** @returns null where the key does not fit. */
async function opened({ algorithm, value }: Locked, key: Buffer): Promise<Buffer | null> {
  const bytes = Buffer.from(value, 'base64')
  if (wrapBytes[algorithm] === key.length) return unwrapped(bytes, key)
  if (keyBytes[algorithm] !== key.length || bytes.length < 32 || bytes.length % 16 !== 0)
    return null
  const cipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, bytes.subarray(0, 16))
  cipher.setAutoPadding(false)
  const padded = Buffer.concat([cipher.update(bytes.subarray(16)), cipher.final()])
  // XML Encryption §5.2: only the last byte of the padding says anything.
  const padding = padded.at(-1) ?? 0
  return padding >= 1 && padding <= 16 ? padded.subarray(0, padded.length - padding) : null
}

/** RFC 3394, with its own check. */
async function unwrapped(bytes: Buffer, key: Buffer): Promise<Buffer | null> {
  try {
    const wrapping = await crypto.subtle.importKey('raw', new Uint8Array(key), 'AES-KW', false, [
      'unwrapKey',
    ])
    const inner = { name: 'HMAC', hash: 'SHA-1' }
    const secret = await crypto.subtle.unwrapKey(
      'raw',
      new Uint8Array(bytes),
      wrapping,
      'AES-KW',
      inner,
      true,
      ['sign'],
    )
    return Buffer.from((await crypto.subtle.exportKey('raw', secret)) as ArrayBuffer)
  } catch {
    return null
  }
}

/** `hmac-sha1` and `hmacWithSHA256` are one way to write it. */
const hashOf = (name: string): string | null =>
  hashes.find(
    (hash) =>
      name
        .toLowerCase()
        .replace(/^hmac[-_]?(with)?/, '')
        .replace('-', '') === hash,
  ) ?? null

function no(why: string): never {
  refuse({ reason: 'import_refused', why })
}
function wrongKey(): never {
  no('Failed to import tokendata. Wrong encryption key?')
}
