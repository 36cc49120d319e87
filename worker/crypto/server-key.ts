/** The server's half of what it says to stock phones: made ahead of time, kept sealed, opened where a challenge is signed. */
import { toBase64url } from '../../schema/encoding.ts'
import type { Random } from './random.ts'
import { newRsaKey, rsaSigner } from './rsa.ts'
import { seal, unseal } from './seal.ts'

const identity = (id: string): string => `server-key/${id}`

/** Takes a tenth of a second of CPU: never on a request. @param customer whose spare it is; null: of the pool. */
export async function newServerKey(
  master: CryptoKey,
  customer: string | null,
  { random, nowSeconds }: { random: Random; nowSeconds: number },
) {
  const { privateKey, publicKey } = await newRsaKey()
  return sealedServerKey(master, { customer, privateKey, publicKey }, { random, nowSeconds })
}

/** A key as its row has it. */
export async function sealedServerKey(
  master: CryptoKey,
  made: { customer: string | null; privateKey: Uint8Array<ArrayBuffer>; publicKey: string },
  { random, nowSeconds }: { random: Random; nowSeconds: number },
) {
  const id = toBase64url(random(12))
  return {
    id,
    customer: made.customer,
    privateKey: await seal(master, identity(id), made.privateKey, random),
    publicKey: made.publicKey,
    createdAt: nowSeconds,
  }
}

/** @returns a function that signs with it, or null where it does not open with this master key. */
export async function serverKeySigner(
  master: CryptoKey,
  { id, privateKey }: { id: string; privateKey: string },
): Promise<((text: string) => Promise<string>) | null> {
  const opened = await unseal(master, identity(id), privateKey)
  return opened && rsaSigner(opened)
}
