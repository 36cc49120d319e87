/** What is said of a person and of their login. Truthfully: `amr` names what was shown here, `acr` how much that is worth. */
import { CompactSign, compactVerify, decodeProtectedHeader } from 'jose'
import { toBase64url, utf8 } from '../../schema/encoding.ts'
import { hmac } from '../crypto/derive.ts'
import { type Context, nowSeconds } from '../env.ts'
import type { Grant } from '../store/grants.ts'
import { personIn } from '../people/find.ts'
import { type Person, findPerson } from '../store/people.ts'
import { isInForce } from '../store/tokens/find.ts'
import { type Algorithm, signingKey, verifyingKey } from './keys.ts'

export const idTokenSeconds = 600

/** By what a person was known to be there, and when. */
export type Login = {
  authTime: number
  /** The token that let them in: what came of it is as good as it is. */
  serial: string
  acr: string
  /** RFC 8176. */
  amr: string[]
  nonce?: string
  /** RFC 9396, as they were shown and signed. */
  details?: object[]
}

/** The application has seen the first factor, and vouches for the name: we have seen the second. */
export const secondFactor = 'urn:countersign:second-factor'
export const twoFactors = 'urn:countersign:two-factors'
export const acrs = [secondFactor, twoFactors]

/** @param before what was shown before the device was asked. @param token the one that answered. */
export function loginBy(
  before: string[],
  { serial, type }: { serial: string; type: string },
  nowAt: number,
): Login {
  // A key that cannot be exported, and somebody there who read the code; or a one-time password.
  const shown = type === 'push' ? ['swk', 'user'] : ['otp']
  const both = before.length > 0
  return {
    authTime: nowAt,
    serial,
    acr: both ? twoFactors : secondFactor,
    amr: [...new Set([...before, ...shown, ...(both ? ['mfa'] : [])])],
  }
}

/**
 * A passkey whose authenticator has verified its holder: what they have, and what they are or know. Where its key is kept nobody has shown
 * us (no attestation), so it is neither `hwk` nor `swk`.
 */
export const byPasskey = ['pop', 'user', 'mfa']

export const loginByPasskey = (serial: string, nowAt: number): Login => ({
  authTime: nowAt,
  serial,
  acr: twoFactors,
  amr: byPasskey,
})

/** The same for every application, and for nobody else: neither a name nor a number of ours. */
export async function subjectOf(
  { deployment }: Context,
  { customer, realm, person }: Pick<Grant, 'customer' | 'realm' | 'person'>,
): Promise<string> {
  const bytes = await hmac(deployment.master, 'sub', JSON.stringify([customer, realm, person]))
  return toBase64url(bytes.subarray(0, 16))
}

/** @returns null where they are gone, their realm looks for them elsewhere now, or what let them in is lost, disabled, revoked or removed. */
export async function personOf(
  context: Context,
  grant: Pick<Grant, 'customer' | 'realm' | 'person' | 'login'>,
): Promise<Person | null> {
  const person = await findPerson(context, grant.person)
  if (!person || !(await isInForce(context.db, (grant.login as Login).serial))) return null
  const { customer, realm } = grant
  const found = await personIn(context, { customer, realm, username: person.username })
  return found?.id === person.id ? person : null
}

/** By the scopes that were granted. The name is always there: applications compare it with the one that they know. */
export async function personClaims(context: Context, grant: Grant, person: Person) {
  const scopes = grant.scope.split(' ')
  const full = [person.givenname, person.surname].filter(Boolean).join(' ')
  return {
    sub: await subjectOf(context, grant),
    preferred_username: person.username,
    ...(scopes.includes('profile') && {
      ...(full !== '' && { name: full }),
      ...(person.givenname !== '' && { given_name: person.givenname }),
      ...(person.surname !== '' && { family_name: person.surname }),
    }),
    // Whoever keeps the people wrote it there; nobody has shown here that it is theirs.
    ...(scopes.includes('email') &&
      person.email !== '' && { email: person.email, email_verified: false }),
  }
}

export async function signIdToken(
  context: Context,
  claims: object,
  { audience, alg }: { audience: string; alg: Algorithm },
): Promise<string> {
  const now = nowSeconds(context)
  const { key, kid } = await signingKey(context, alg)
  const all = {
    iss: context.deployment.origin,
    aud: audience,
    iat: now,
    exp: now + idTokenSeconds,
    ...claims,
  }
  return new CompactSign(utf8(JSON.stringify(all)))
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .sign(key)
}

export type IdToken = {
  iss: string
  aud: string
  sub: string
  preferred_username: string
  sid?: string
}

/** One that we gave before, however long ago. @returns null for anything else. */
export async function readIdToken(context: Context, text: string): Promise<IdToken | null> {
  try {
    const { kid, alg } = decodeProtectedHeader(text)
    const key = await verifyingKey(context, kid)
    if (!key || !alg) return null
    const { payload } = await compactVerify(text, key, { algorithms: ['RS256', 'ES256'] })
    const claims = JSON.parse(new TextDecoder().decode(payload)) as IdToken
    return claims.iss === context.deployment.origin ? claims : null
  } catch {
    return null
  }
}
