/**
 * Client Secrets that an application signs with (RFC 7523, RFC 9101 by HMAC): a hash checks no signature, so they are kept sealed. Only
 * where the application was registered so, and only those that were made since.
 */
import { utf8 } from '../../schema/encoding.ts'
import { seal, unseal } from '../crypto/seal.ts'
import type { Context } from '../env.ts'
import { type Registration, secretsOf } from '../store/registrations.ts'

export const secretAlgorithms = ['HS256', 'HS384', 'HS512']

const identity = (id: string): string => `application secret/${id}`

export const sealedSecret = (context: Context, id: string, text: string): Promise<string> =>
  seal(context.deployment.master, identity(id), utf8(text), context.random)

export type SigningSecret = { id: string; key: Uint8Array<ArrayBuffer> }

export async function signingSecrets(
  context: Context,
  { application, signsWithSecret }: Registration,
): Promise<SigningSecret[]> {
  if (!signsWithSecret) return []
  const found = await secretsOf(context, application)
  const opened = await Promise.all(
    found.map(async ({ id, sealed }) => ({
      id,
      key: await unseal(context.deployment.master, identity(id), sealed),
    })),
  )
  return opened.flatMap(({ id, key }) => (key ? [{ id, key }] : []))
}
