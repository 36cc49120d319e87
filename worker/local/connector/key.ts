/** The connector's own key: made here, kept here, shown to nobody; what leaves is its public half. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type JWK, exportJWK, generateKeyPair, importJWK } from 'jose'
import { type PublicJwk, publicHalf } from '../../../schema/jws.ts'
import { Refusal } from '../settings.ts'

export type ConnectorKey = { id: string; key: CryptoKey; publicKey: PublicJwk }

export const hasKey = (path: string): boolean => existsSync(path)

export async function makeKey(): Promise<{ jwk: JWK; key: CryptoKey; publicKey: PublicJwk }> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { jwk, key: privateKey, publicKey: publicHalf(jwk) }
}

/** Never over another one. */
export const keepKey = (path: string, id: string, jwk: JWK): void =>
  writeFileSync(path, JSON.stringify({ id, jwk }), { mode: 0o600, flag: 'wx' })

/** @throws Refusal */
export async function readKey(path: string): Promise<ConnectorKey> {
  if (!hasKey(path))
    throw new Refusal(`There is no key at ${path}: enrol first, with --enrol and a code.`)
  const { id, jwk } = JSON.parse(readFileSync(path, 'utf8')) as { id: string; jwk: JWK }
  return { id, key: (await importJWK(jwk, 'ES256')) as CryptoKey, publicKey: publicHalf(jwk) }
}
