/**
 * Hashes what people choose: PINs and passwords. HMAC with a pepper first, so that a stolen database alone gives nothing
 * to guess at; then scrypt with N=2^14, r=8, p=5 (OWASP's 16 MiB row: 128 MiB would be a whole isolate).
 * Runs in workerd and in Node. Never in a Durable Object: 100 ms there would hold up everyone that person waits for.
 */
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

const cost = { N: 16384, r: 8, p: 5 }
const hashBytes = 32

function derive(secret: string, pepper: string, salt: Buffer): Promise<Buffer> {
  const peppered = createHmac('sha256', Buffer.from(pepper, 'base64url'))
    .update(secret.normalize('NFC'))
    .digest()
  return new Promise((resolve, reject) =>
    scrypt(peppered, salt, hashBytes, cost, (error, key) => (error ? reject(error) : resolve(key))),
  )
}

/** @returns `scrypt$16384$8$5$<salt>$<hash>`, base64url. */
export async function hashPassword(secret: string, pepper: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(secret, pepper, salt)
  return [
    'scrypt',
    cost.N,
    cost.r,
    cost.p,
    salt.toString('base64url'),
    hash.toString('base64url'),
  ].join('$')
}

/** Takes as long for a wrong secret as for a right one. A hash that is not ours matches nothing. */
export async function matchesHash(
  secret: string,
  stored: string,
  pepper: string,
): Promise<boolean> {
  const [scheme, N, r, p, salt, hash] = stored.split('$')
  if (scheme !== 'scrypt' || !salt || !hash || `${N}$${r}$${p}` !== `${cost.N}$${cost.r}$${cost.p}`)
    return false
  const expected = Buffer.from(hash, 'base64url')
  const actual = await derive(secret, pepper, Buffer.from(salt, 'base64url'))
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}
