/** A Firebase project with a service account of its own, whose messages a test reads. */
import type { FcmReply, FcmSeen } from '../support/push-service-fcm.ts'
import { until } from '../support/until.ts'
import type { FcmAsked } from './network.ts'

export const firebaseModule = 'privacyidea.lib.smsprovider.FirebaseProvider.FirebaseProvider'
const usualTokenUri = 'https://oauth2.googleapis.com/token'

export type FcmTestProject = Awaited<ReturnType<typeof fcmProject>>

export async function fcmProject(
  id: string,
  { tokenUri = usualTokenUri, tokenSeconds = 3600 } = {},
) {
  const ask = async (asked: FcmAsked): Promise<FcmSeen> => {
    const address = `https://fcm-control.test/?project=${encodeURIComponent(id)}`
    const response = await fetch(address, { method: 'POST', body: JSON.stringify(asked) })
    return (await response.json()) as FcmSeen
  }
  const keys = (await crypto.subtle.generateKey(
    {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: 'SHA-256',
    },
    true,
    ['sign', 'verify'],
  )) as CryptoKeyPair
  const email = `sender@${id}.iam.gserviceaccount.com`
  const publicKey = pem('PUBLIC KEY', await crypto.subtle.exportKey('spki', keys.publicKey))
  await ask({ open: { publicKey, email, tokenUri, tokenSeconds } })
  const keyFile = {
    type: 'service_account',
    project_id: id,
    private_key_id: `key-of-${id}`,
    private_key: pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', keys.privateKey)),
    client_email: email,
    token_uri: tokenUri,
  }
  return {
    id,
    keyFile,
    /** What POST /smsgateway takes. */
    wish: (name: string) => ({
      name,
      module: firebaseModule,
      'option.JSON config file': JSON.stringify(keyFile),
    }),
    seen: () => ask({}),
    messages: (count: number) =>
      until(`${count} messages of ${id}`, async () => {
        const { messages } = await ask({})
        return messages.length >= count && messages
      }),
    answerNext: (...replies: FcmReply[]) => ask({ answerNext: replies }),
    endTokens: () => ask({ endTokens: true }),
    /** The service's clock follows the test's. */
    setClock: (nowSeconds: number | null) => ask({ nowSeconds }),
  }
}

const pem = (label: string, bytes: unknown): string => {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes as ArrayBuffer)))
  const lines = text.match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
