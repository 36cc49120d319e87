/** The token that POST /auth gives: a JWT (HS256) that its bearer shows as it is. */
import { CompactSign, compactVerify } from 'jose'
import * as v from 'valibot'
import { toBase64url, utf8 } from '../../schema/encoding.ts'
import { deriveHmac, keptKey } from './derive.ts'
import type { Random } from './random.ts'

export const sessionSeconds = 3600

const Session = v.object({
  /** The id of the account or of the person: one that is made anew under the same name is another. */
  account: v.string(),
  username: v.string(),
  realm: v.string(),
  /** privacyIDEA knows two: a service account is an administrator with fewer rights. An application's own token is short-lived. */
  role: v.picklist(['admin', 'user', 'application']),
  /** A device or a one-time password was shown beside the password. */
  approved: v.optional(v.boolean()),
  /** Of an account: which password opened it. Of an application: which secret or key. Of a person: under which all theirs end. */
  mark: v.optional(v.string()),
  rights: v.array(v.string()),
  customer: v.string(),
  /** Where that customer lives; absent: in the first database. */
  database: v.optional(v.number()),
  nonce: v.string(),
  exp: v.number(),
})
export type Session = v.InferOutput<typeof Session>

/**
 * Some clients decode the payload as plain base64. Only > ? ~ and characters beyond ASCII can yield - or _ there, so those are
 * written as JSON escapes.
 */
const plain = (json: string): string =>
  json.replace(
    /[>?~\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

export async function signSession(
  master: CryptoKey,
  claims: Omit<Session, 'nonce' | 'exp'>,
  now: number,
  random: Random,
  seconds = sessionSeconds,
): Promise<string> {
  const session: Session = { ...claims, nonce: toBase64url(random(15)), exp: now + seconds }
  return new CompactSign(utf8(plain(JSON.stringify(session))))
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(await keptKey(master, 'session', deriveHmac))
}

/** @returns why it is none, for anything but an unexpired session of this deployment. */
export async function readSession(
  master: CryptoKey,
  token: string,
  now: number,
): Promise<Session | 'expired' | 'malformed' | 'forged'> {
  if (token.split('.').length !== 3) return 'malformed'
  try {
    const key = await keptKey(master, 'session', deriveHmac)
    const { payload } = await compactVerify(token, key, { algorithms: ['HS256'] })
    const session = v.parse(Session, JSON.parse(new TextDecoder().decode(payload)))
    return session.exp > now ? session : 'expired'
  } catch {
    return 'forged'
  }
}
