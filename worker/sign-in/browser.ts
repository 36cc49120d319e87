/** What a browser is known by: one cookie binds a login to the browser that began it, another tells that somebody has signed in there wholly. */
import { sha256, toBase64url } from '../../schema/encoding.ts'
import { type Context, nowSeconds } from '../env.ts'
import type { Known } from '../grant/known.ts'
import { type Login, personOf } from '../grant/claims.ts'
import { newSecret } from '../grant/keys.ts'
import { findSession, insertSession } from '../store/sign-ins.ts'
import type { Subject } from './subject.ts'

/** A working day. */
export const sessionSeconds = 8 * 3600

export type Session = { id: string; subject: Subject; login: Login }

/** @returns who signed in there, as long as they are there, are called so, belong to the application's people, and what let them in is in force. */
export async function sessionIn(known: Known, secret: string | null): Promise<Session | null> {
  const { context, registration } = known
  if (secret === null) return null
  const row = await findSession(context.db, await sha256(secret), nowSeconds(context))
  if (row?.customer !== registration.customer) return null
  const { id, subject, login } = row as unknown as Session
  const { realm, username } = subject
  if (registration.realm !== '' && registration.realm !== realm) return null
  const person = await personOf(context, {
    customer: row.customer,
    realm,
    person: row.person,
    login,
  })
  return person?.username === username ? { id, subject, login } : null
}

/** @returns what the cookie holds. */
export async function openSession(
  context: Context,
  customer: string,
  { subject, login, id }: Session,
): Promise<string> {
  const secret = newSecret(context)
  await insertSession(context.db, {
    hash: await sha256(secret),
    id,
    customer,
    person: subject.person,
    subject,
    login,
    expiresAt: nowSeconds(context) + sessionSeconds,
  })
  return secret
}

export const newSessionId = ({ random }: Context): string => toBase64url(random(16))
