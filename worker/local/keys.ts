/**
 * Makes the keys of a deployment, once, and keeps them in a folder that only its owner can read. The root key's private
 * half stays in a file of its own: it signs the first link of the chain and never enters the worker.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type JWK, importJWK } from 'jose'
import type { KeyChain } from '../../schema/chain.ts'
import { publicHalf, sign, thumbprint } from '../../schema/jws.ts'
import { type KeyLinkClaims, typ } from '../../schema/signing.ts'
import { Refusal } from './settings.ts'

/** What the worker gets, and the Try-it application's key. */
export type Keys = {
  masterKey: string
  pepper: string
  vapid: { publicKey: string; privateKey: string }
  chain: KeyChain
  signingKey: JWK
  tryApiKey: string
}

const deploymentFile = 'deployment.json'
const rootFile = 'root.json'

/** @throws Refusal where a file is missing: what is lost cannot be made again. */
export async function keepKeys(folder: string): Promise<Keys> {
  if (!(await exists(folder))) await makeFolder(folder)
  const missing = (await exists(join(folder, deploymentFile))) ? rootFile : deploymentFile
  if (missing === deploymentFile || !(await exists(join(folder, rootFile))))
    throw new Refusal(
      `${join(folder, missing)} is missing. Put it back from a backup: new keys would strand every device.`,
    )
  return readJson<Keys>(join(folder, deploymentFile))
}

/** Both files or none: a crash in between leaves a folder that nothing reads. */
async function makeFolder(folder: string): Promise<void> {
  const beside = `${folder}.new`
  await rm(beside, { recursive: true, force: true })
  await mkdir(beside, { recursive: true, mode: 0o700 })
  const rootKey = await newSigningKey()
  await writePrivately(join(beside, rootFile), rootKey)
  await writePrivately(join(beside, deploymentFile), await makeKeys(rootKey))
  await rename(beside, folder)
}

/** Replaces the signing key; the one before signs the link, so that devices follow. @returns the new key's name. */
export async function rotateSigningKey(folder: string, nowSeconds: number): Promise<string> {
  const path = join(folder, deploymentFile)
  if (!(await exists(path))) throw new Refusal(`There are no keys in ${folder} yet.`)
  const keys = await readJson<Keys>(path)
  const next = await newSigningKey()
  const link = await signLink(keys.signingKey, next, nowSeconds)
  const chain = { ...keys.chain, links: [...keys.chain.links, link] }
  await writePrivately(path, { ...keys, chain, signingKey: next })
  return thumbprint(publicHalf(next))
}

async function makeKeys(rootKey: JWK): Promise<Keys> {
  const signingKey = await newSigningKey()
  const link = await signLink(rootKey, signingKey, Math.floor(Date.now() / 1000))
  return {
    masterKey: randomBytes(32).toString('base64url'),
    pepper: randomBytes(32).toString('base64url'),
    vapid: await newVapidKeys(),
    chain: { root: publicHalf(rootKey), links: [link] },
    signingKey,
    tryApiKey: `${randomBytes(8).toString('hex')}_${randomBytes(32).toString('hex')}`,
  }
}

async function signLink(signer: JWK, key: JWK, iat: number): Promise<string> {
  const claims: KeyLinkClaims = { key: publicHalf(key), iat }
  return sign(typ.keyLink, claims, {
    key: (await importJWK(signer, 'ES256')) as CryptoKey,
    kid: await thumbprint(publicHalf(signer)),
  })
}

async function newSigningKey(): Promise<JWK> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey)
  return { kty, crv, x, y, d } as JWK
}

/** RFC 8292 §3.2: the public key is the uncompressed point. */
async function newVapidKeys(): Promise<Keys['vapid']> {
  const { x, y, d } = await newSigningKey()
  const point = [Buffer.of(4), Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')]
  return { publicKey: Buffer.concat(point).toString('base64url'), privateKey: d! }
}

export const readJson = async <T>(path: string): Promise<T> =>
  JSON.parse(await readFile(path, 'utf8')) as T

/** All or nothing: written beside, flushed, then moved over. */
export async function writePrivately(path: string, value: unknown): Promise<void> {
  const beside = `${path}.new`
  const file = await open(beside, 'w', 0o600)
  await file.writeFile(`${JSON.stringify(value, null, 2)}\n`)
  await file.sync()
  await file.close()
  await chmod(beside, 0o600)
  await rename(beside, path)
}

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
