/** Signs as Standard Webhooks has it: HMAC-SHA-256 over `id.timestamp.body`, `v1,` before it, one for each secret that is good. */
import { utf8 } from '../../schema/encoding.ts'

const secretBytes = 32
const prefix = 'whsec_'

export const newSecret = (random: (bytes: number) => Uint8Array<ArrayBuffer>) => random(secretBytes)

/** As it is told, once. */
export const shownSecret = (secret: Uint8Array): string => `${prefix}${toBase64(secret)}`

export async function signatureHeaders(
  { id, body, at }: { id: string; body: string; at: number },
  secrets: Uint8Array<ArrayBuffer>[],
): Promise<Record<string, string>> {
  const signed = utf8(`${id}.${at}.${body}`)
  const signatures = await Promise.all(
    secrets.map(async (secret) => {
      const key = await crypto.subtle.importKey('raw', secret, hmac, false, ['sign'])
      return `v1,${toBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, signed)))}`
    }),
  )
  return {
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-signature': signatures.join(' '),
  }
}

const hmac = { name: 'HMAC', hash: 'SHA-256' }
const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
