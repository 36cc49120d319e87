/**
 * Hashes that another system made of PINs and passwords: privacyIDEA's (passlib), and those of directories in SQL. They are sealed
 * at rest, because nothing of ours is in them; whoever is right once gets a hash of ours in their place.
 */
import { createHash, pbkdf2, timingSafeEqual } from 'node:crypto'
import { argon2id } from '@noble/hashes/argon2.js'
import { utf8 } from '../../schema/encoding.ts'
import { seal, unseal } from '../crypto/seal.ts'
import type { Context } from '../env.ts'
import { matchesHash } from './hash.ts'

const mark = 'legacy.'
/** Matches nothing: whoever had a PIN that cannot be checked here must not be let in without one. */
const lostHash = 'lost'
/** An isolate has 128 MiB, and needs the half of it for everything else. */
const mostMemoryKib = 64 * 1024
/** privacyIDEA asks for 9 passes over 64 MiB; more work than that would hold an isolate up for too long. */
const mostPasses = 12
/** What Cloudflare Workers derive at most. */
const mostIterations = 100_000

export type Brought = { kept: string | null; why: string }

/**
 * @param seed privacyIDEA before 3.0 kept it beside the hash.
 * @returns what is to be kept of a hash, and why it is worth nothing where it is.
 */
export async function keepLegacy(context: Context, hash: string, seed = ''): Promise<Brought> {
  const own = /^[0-9a-f]{64}$/i.test(hash) && seed !== '' ? `$pi-sha256$${seed}$${hash}` : hash
  const why = problemOf(own)
  if (own === '') return { kept: null, why: '' }
  if (why !== '') return { kept: mark + lostHash, why }
  const { master } = context.deployment
  return { kept: mark + (await seal(master, 'legacy hash', utf8(own), context.random)), why: '' }
}

/** A PIN that another system has and did not give: nothing matches it. */
export const lostPin = mark + lostHash

export const isLegacy = (stored: string | null): boolean => stored?.startsWith(mark) ?? false

/** Of our own hashes and of those that were brought along. Asked in turn: one takes 64 MiB. */
export async function matchesKept(
  context: Context,
  secret: string,
  stored: string,
): Promise<boolean> {
  const { master, pepper } = context.deployment
  if (!isLegacy(stored)) return matchesHash(secret, stored, pepper, context.hashCost)
  const bytes = await unseal(master, 'legacy hash', stored.slice(mark.length))
  return bytes !== null && matchesLegacy(secret, new TextDecoder().decode(bytes))
}

/** @returns whether this is what the other system made of this text. */
export async function matchesLegacy(secret: string, hash: string): Promise<boolean> {
  const parsed = parse(hash)
  if ('why' in parsed) return false
  const actual = await parsed.make(utf8(secret))
  return actual.length === parsed.hash.length && timingSafeEqual(actual, parsed.hash)
}

const problemOf = (hash: string): string => {
  const parsed = parse(hash)
  return 'why' in parsed ? parsed.why : ''
}

type Parsed = { hash: Buffer; make: (secret: Uint8Array) => Promise<Uint8Array> } | { why: string }

function parse(hash: string): Parsed {
  if (hash.startsWith('$argon2')) return argon2Of(hash)
  if (hash.startsWith('$pbkdf2')) return pbkdf2Of(hash)
  if (hash.startsWith('$pi-sha256$')) return saltedOf(hash)
  if (hash.startsWith('{')) return directoryOf(hash)
  if (hash.startsWith('@@')) return { why: "it is encrypted with that server's key" }
  const [, kind = 'unknown'] = /^\$([\w-]{1,20})\$/.exec(hash) ?? []
  return { why: `its hash (${kind}) is not understood here` }
}

/** `$argon2id$v=19$m=65536,t=9,p=4$<salt>$<hash>` */
function argon2Of(hash: string): Parsed {
  const [, type, version, m, t, p, salt, digest] =
    /^\$(argon2\w*)\$v=(\d+)\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(hash) ?? []
  if (type !== 'argon2id' || version !== '19')
    return { why: `its hash (${type ?? 'argon2'}) is not understood here: argon2id is` }
  const [memory, passes, lanes] = [Number(m), Number(t), Number(p)]
  if (memory > mostMemoryKib || passes > mostPasses)
    return {
      why: `its hash (argon2id) takes ${Math.ceil(memory / 1024)} MiB and ${passes} passes, more than the ${mostMemoryKib / 1024} MiB and ${mostPasses} that there are here`,
    }
  const expected = Buffer.from(digest ?? '', 'base64')
  const saltBytes = Buffer.from(salt ?? '', 'base64')
  if (memory < 8 * lanes || lanes < 1 || lanes > 16 || passes < 1 || saltBytes.length < 8)
    return { why: 'its hash (argon2id) makes no sense' }
  return {
    hash: expected,
    make: async (secret) =>
      argon2id(secret, saltBytes, { m: memory, t: passes, p: lanes, dkLen: expected.length }),
  }
}

/** passlib's: `$pbkdf2-sha512$25000$<salt>$<hash>`, base64 with . for +. */
function pbkdf2Of(hash: string): Parsed {
  const [, digest = 'sha1', rounds, salt, made] =
    /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(\d+)\$([\w./]*)\$([\w./]+)$/.exec(hash) ?? []
  const expected = Buffer.from((made ?? '').replaceAll('.', '+'), 'base64')
  const iterations = Number(rounds)
  if (!(iterations >= 1) || expected.length < 16 || expected.length > 64)
    return { why: 'its hash (pbkdf2) makes no sense' }
  if (iterations > mostIterations)
    return {
      why: `its hash (pbkdf2) takes ${iterations} rounds, more than the ${mostIterations} that Cloudflare Workers can do`,
    }
  const saltBytes = Buffer.from((salt ?? '').replaceAll('.', '+'), 'base64')
  return {
    hash: expected,
    make: (secret) =>
      new Promise((resolve, reject) =>
        pbkdf2(secret, saltBytes, iterations, expected.length, digest, (error, key) =>
          error ? reject(error) : resolve(key),
        ),
      ),
  }
}

/** privacyIDEA before 3.0: SHA-256 of the PIN and a seed behind it. */
function saltedOf(hash: string): Parsed {
  const [, seed, digest] = /^\$pi-sha256\$((?:[0-9a-f]{2})+)\$([0-9a-f]{64})$/i.exec(hash) ?? []
  if (!seed || !digest) return { why: 'its hash (sha256) makes no sense' }
  return salted('sha256', Buffer.from(digest, 'hex'), Buffer.from(seed, 'hex'))
}

/** RFC 2307 and its descendants: `{SSHA256}<base64 of hash and salt>`. */
function directoryOf(hash: string): Parsed {
  const [, scheme = '', text] = /^\{(\w{1,20})\}([\w+/]+={0,2})$/.exec(hash) ?? []
  const [digest, bytes] = schemes[scheme.toUpperCase()] ?? []
  const whole = Buffer.from(text ?? '', 'base64')
  if (!digest || !bytes || whole.length < bytes)
    return { why: `its hash (${scheme || 'directory'}) is not understood here` }
  return salted(digest, whole.subarray(0, bytes), whole.subarray(bytes))
}

const schemes: Record<string, [digest: string, bytes: number]> = {
  SHA: ['sha1', 20],
  SSHA: ['sha1', 20],
  SHA256: ['sha256', 32],
  SSHA256: ['sha256', 32],
  SHA512: ['sha512', 64],
  SSHA512: ['sha512', 64],
}

const salted = (digest: string, hash: Buffer, salt: Buffer): Parsed => ({
  hash,
  make: async (secret) => createHash(digest).update(secret).update(salt).digest(),
})
