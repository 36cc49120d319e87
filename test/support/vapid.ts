/** Decides whether a push message's Authorization header is what RFC 8292 asks for. Independent of the sender's library. */
import * as v from 'valibot'
import { fromBase64url, utf8 } from '../../schema/encoding.ts'

const Header = v.object({ alg: v.literal('ES256') })
const Claims = v.object({
  aud: v.string(),
  exp: v.number(),
  sub: v.pipe(v.string(), v.regex(/^(mailto:|https:)/)),
})
const oneDaySeconds = 86_400

type Expected = { origin: string; vapidKey: string; nowMs: number }

/** @returns null where all is well, else what is wrong. */
export async function vapidProblem(
  authorization: string | null,
  expected: Expected,
): Promise<string | null> {
  const parameters = /^vapid\s+(.*)$/i.exec(authorization ?? '')?.[1]
  if (parameters === undefined) return 'no vapid authorization'
  const named = new Map(
    parameters.split(',').map((part) => part.trim().split(/=(.*)/s) as [string, string]),
  )
  const [header, claims, signature] = (named.get('t') ?? '').split('.')
  const key = named.get('k')
  if (!header || !claims || !signature || !key) return 'malformed vapid authorization'
  if (key !== expected.vapidKey.replace(/=+$/, '')) return 'not the key of the subscription'
  if (!(await isSignedBy(key, `${header}.${claims}`, signature))) return 'wrong signature'
  return claimsProblem(header, claims, expected)
}

async function isSignedBy(key: string, text: string, signature: string): Promise<boolean> {
  const keyBytes = fromBase64url(key)
  const signatureBytes = fromBase64url(signature)
  if (keyBytes?.length !== 65 || signatureBytes?.length !== 64) return false
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const publicKey = await crypto.subtle.importKey('raw', keyBytes, algorithm, false, ['verify'])
  return crypto.subtle.verify(
    { name: 'ECDSA', hash: 'SHA-256' },
    publicKey,
    signatureBytes,
    utf8(text),
  )
}

function claimsProblem(header: string, claims: string, expected: Expected): string | null {
  if (!v.is(Header, parsed(header))) return 'not signed with ES256'
  const read = v.safeParse(Claims, parsed(claims))
  if (!read.success) return v.summarize(read.issues)
  const { aud, exp } = read.output
  const nowSeconds = expected.nowMs / 1000
  if (aud !== expected.origin) return `meant for ${aud}, not for ${expected.origin}`
  if (exp <= nowSeconds) return 'expired'
  // RFC 8292 §2: not more than 24 hours from the time of the request.
  if (exp > nowSeconds + oneDaySeconds) return 'expires too late'
  return null
}

function parsed(part: string): unknown {
  const bytes = fromBase64url(part)
  return bytes && JSON.parse(new TextDecoder().decode(bytes))
}
