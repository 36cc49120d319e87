/**
 * Hashes what people choose: PINs and passwords. HMAC with a pepper first, so that a stolen database alone gives nothing
 * to guess at; then scrypt with N=2^14, r=8, p=5 (OWASP's 16 MiB row: 128 MiB would be a whole isolate).
 * Runs in workerd and in Node. Never in a Durable Object: 100 ms there would hold up everyone that person waits for.
 */
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

export type HashCost = { N: number; r: number; p: number }
/** What holds wherever nothing is said; only tests say something, as an argument of `createApp`. */
export const fullCost: HashCost = { N: 16384, r: 8, p: 5 }
const hashBytes = 32

/** How many this isolate has made: that callers who may not know cost the same is held by counting. */
export const hashes = { made: 0 }

function derive(secret: string, pepper: string, salt: Buffer, cost: HashCost): Promise<Buffer> {
  hashes.made++
  const peppered = createHmac('sha256', Buffer.from(pepper, 'base64url'))
    .update(secret.normalize('NFC'))
    .digest()
  return new Promise((resolve, reject) =>
    scrypt(peppered, salt, hashBytes, cost, (error, key) => (error ? reject(error) : resolve(key))),
  )
}

/** @returns `scrypt$16384$8$5$<salt>$<hash>`, base64url. @param salt sixteen random bytes unless given. */
export async function hashPassword(
  secret: string,
  pepper: string,
  salt: Buffer = randomBytes(16),
  cost: HashCost = fullCost,
): Promise<string> {
  const hash = await derive(secret, pepper, salt, cost)
  return [
    'scrypt',
    cost.N,
    cost.r,
    cost.p,
    salt.toString('base64url'),
    hash.toString('base64url'),
  ].join('$')
}

/** Takes as long for a wrong secret as for a right one. A hash that is neither full nor of this cost matches nothing. */
export const matchesHash = (
  secret: string,
  stored: string,
  pepper: string,
  cost: HashCost = fullCost,
): Promise<boolean> => matches(stored, cost, (salt, its) => derive(secret, pepper, salt, its))

async function matches(
  stored: string,
  given: HashCost,
  derived: (salt: Buffer, cost: HashCost) => Promise<Buffer>,
): Promise<boolean> {
  const [scheme, N, r, p, salt, hash] = stored.split('$')
  const text = `${N}$${r}$${p}`
  const cost = [given, fullCost].find((one) => `${one.N}$${one.r}$${one.p}` === text)
  if (scheme !== 'scrypt' || !salt || !hash || !cost) return false
  const expected = Buffer.from(hash, 'base64url')
  const actual = await derived(Buffer.from(salt, 'base64url'), cost)
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

/** Compares several secrets with several hashes, and derives nothing twice: what shares a salt costs once. */
export class Comparison {
  readonly #pepper: string
  readonly #cost: HashCost
  readonly #derived = new Map<string, Promise<Buffer>>()

  constructor(pepper: string, cost: HashCost = fullCost) {
    this.#pepper = pepper
    this.#cost = cost
  }

  matches(secret: string, stored: string): Promise<boolean> {
    return matches(stored, this.#cost, (salt, cost) => this.#derive(secret, salt, cost))
  }

  /** Works on for nothing until so many were derived: how much was compared is nobody's business. */
  async fillUp(to: number): Promise<void> {
    while (this.#derived.size < to) await this.#derive('', randomBytes(16))
  }

  #derive(secret: string, salt: Buffer, cost = this.#cost): Promise<Buffer> {
    const key = JSON.stringify([secret, salt.toString('base64url'), cost])
    let derived = this.#derived.get(key)
    if (!derived) this.#derived.set(key, (derived = derive(secret, this.#pepper, salt, cost)))
    return derived
  }
}
