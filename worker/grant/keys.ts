/**
 * The keys that id_tokens are signed with, one kind for each algorithm. A new one is published for a day before it signs, so that
 * whoever keeps our keys has it; an old one stays for a month, so that what it signed can be shown to us again.
 */
import { type JWK, importJWK } from 'jose'
import { calculateJwkThumbprint } from 'jose'
import { toBase64url, utf8 } from '../../schema/encoding.ts'
import { seal, unseal } from '../crypto/seal.ts'
import { type Context, nowSeconds } from '../env.ts'
import { type GrantKey, changeGrantKeys, readGrantKeys } from '../store/grant-keys.ts'

export const algorithms = ['RS256', 'ES256'] as const
export type Algorithm = (typeof algorithms)[number]

const daySeconds = 86_400
const publishedBeforeSeconds = daySeconds
const signsForSeconds = 90 * daySeconds
const keptAfterSeconds = 30 * daySeconds

const identity = (kid: string): string => `grant-key/${kid}`

/** The minute's work: makes the next keys in time and takes the old ones away. */
export async function tendKeys(context: Context): Promise<void> {
  const keys = await readGrantKeys(context)
  const now = nowSeconds(context)
  const add: GrantKey[] = []
  for (const alg of algorithms) {
    const newest = keys.findLast((key) => key.alg === alg)
    if (!newest || newest.createdAt + signsForSeconds <= now) add.push(await newKey(context, alg))
  }
  const remove = keys.filter((key) => {
    const next = keys.find((other) => other.alg === key.alg && other.createdAt > key.createdAt)
    return next && next.createdAt + publishedBeforeSeconds + keptAfterSeconds <= now
  })
  if (add.length + remove.length > 0)
    await changeGrantKeys(context, { add, remove: remove.map(({ kid }) => kid) })
}

/** Only in the first minute of a deployment are there none: whoever comes then has them made. */
async function readyKeys(context: Context): Promise<GrantKey[]> {
  const keys = await readGrantKeys(context)
  if (algorithms.every((alg) => keys.some((key) => key.alg === alg))) return keys
  await tendKeys(context)
  return readGrantKeys(context)
}

/** What /oauth/jwks says. */
export async function publishedKeys(context: Context): Promise<object[]> {
  const keys = await readyKeys(context)
  return keys.map(({ kid, alg, publicKey }) => ({ ...publicKey, kid, alg, use: 'sig' }))
}

/** The newest that has been published long enough; where none has, the oldest. */
export async function signingKey(
  context: Context,
  alg: Algorithm,
): Promise<{ key: CryptoKey; kid: string }> {
  const keys = (await readyKeys(context)).filter((key) => key.alg === alg)
  const since = nowSeconds(context) - publishedBeforeSeconds
  const row = keys.findLast(({ createdAt }) => createdAt <= since) ?? keys[0]
  if (!row) throw new Error(`There is no key for ${alg}`)
  const { master } = context.deployment
  const opened = await unseal(master, identity(row.kid), row.privateKey)
  if (!opened) throw new Error(`The key ${row.kid} does not open with this master key`)
  const jwk = JSON.parse(new TextDecoder().decode(opened)) as JWK
  return { key: (await importJWK(jwk, alg)) as CryptoKey, kid: row.kid }
}

/** @returns one of ours by its name, or null. */
export async function verifyingKey(context: Context, kid: unknown): Promise<CryptoKey | null> {
  const row = (await readyKeys(context)).find((key) => key.kid === kid)
  return row ? ((await importJWK(row.publicKey as JWK, row.alg)) as CryptoKey) : null
}

/** RSA takes a tenth of a second of CPU. */
async function newKey(context: Context, alg: Algorithm): Promise<GrantKey> {
  const algorithm =
    alg === 'ES256'
      ? { name: 'ECDSA', namedCurve: 'P-256' }
      : {
          name: 'RSASSA-PKCS1-v1_5',
          hash: 'SHA-256',
          modulusLength: 2048,
          publicExponent: new Uint8Array([1, 0, 1]),
        }
  const { privateKey } = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const jwk = (await crypto.subtle.exportKey('jwk', privateKey)) as JWK & Record<string, string>
  const names = alg === 'ES256' ? ['kty', 'crv', 'x', 'y'] : ['kty', 'n', 'e']
  const publicKey = Object.fromEntries(names.map((name) => [name, String(jwk[name])]))
  const kid = await calculateJwkThumbprint(publicKey as JWK)
  const { key_ops: _, ext: __, ...kept } = jwk as JWK & { ext?: boolean }
  const { master } = context.deployment
  return {
    kid,
    alg,
    publicKey,
    privateKey: await seal(master, identity(kid), utf8(JSON.stringify(kept)), context.random),
    createdAt: nowSeconds(context),
  }
}

/** For names that nobody guesses: 256 bits. In front stands the database of the customer, as far as that is not the first. */
export const newSecret = ({ random, database }: Context): string =>
  `${database === 0 ? '' : `${database}.`}${toBase64url(random(32))}`
