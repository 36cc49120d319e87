/** Who is to sign in: named by the application, or known by their password. */
import { guarded } from '../challenge/guess.ts'
import { seek } from '../challenge/whose.ts'
import type { Whose } from '../challenge/whose.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import { isPasswordOf } from '../factor/userstore.ts'
import type { Known } from '../grant/known.ts'
import { subjectOf } from '../grant/claims.ts'
import { readIdToken } from '../grant/claims.ts'
import { Refusal } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'

export type Subject = {
  person: string
  username: string
  realm: string
  resolver: string
  ownerId: OwnerId
  /** RFC 8176: what they have shown already. */
  amr: string[]
}

/** @returns null where nobody of the application's realm is called so. */
export async function subjectNamed(known: Known, name: string): Promise<Subject | null> {
  const { context, registration } = known
  const { customer, realm } = registration
  if (name.trim() === '' || name.length > 255) return null
  const sought = await seek(context, customer, { user: name.trim(), realm, serial: '' })
  const { user, realm: found, resolver } = sought.about
  if (sought.missing || sought.person === null || found === undefined) return null
  return {
    person: sought.person,
    username: user ?? name,
    realm: found,
    resolver: resolver ?? '',
    ownerId: sought.address.ownerId,
    amr: [],
  }
}

/** The person whom an id_token of ours was about, as long as they are still called so. */
export async function subjectOfHint(known: Known, hint: string): Promise<Subject | null> {
  const { context, registration, clientId } = known
  const claims = await readIdToken(context, hint)
  if (!claims || claims.aud !== clientId) return null
  const subject = await subjectNamed(known, claims.preferred_username)
  const { customer } = registration
  return subject && (await subjectOf(context, { customer, ...subject })) === claims.sub
    ? subject
    : null
}

/**
 * A name that nobody has costs what a wrong password costs, and is told the same.
 * @returns null where name and password are not right. @throws Refusal too_many_requests
 */
export async function subjectByPassword(
  known: Known,
  { username, password, client }: { username: string; password: string; client: string | null },
): Promise<Subject | null> {
  const { context, registration } = known
  const { customer } = registration
  const subject = await subjectNamed(known, username)
  const name = subject ? `${subject.username}@${subject.realm}` : username.slice(0, 255)
  try {
    await guarded(context, { customer, name, client }, async () => {
      const realm = subject?.realm ?? registration.realm
      const whose = { customer, person: subject?.person ?? null, realm }
      if (!(await isPasswordOf(context, whose, password)))
        throw new Refusal({ reason: 'wrong_password' })
    })
  } catch (error) {
    if (!(error instanceof Refusal) || error.failure.reason !== 'wrong_password') throw error
    await writeAudit(context, {
      customer,
      action: 'sign_in',
      success: false,
      user: username.slice(0, 255),
      application: registration.application,
      client: client ?? undefined,
      detail: { reason: 'wrong_password' },
    })
    return null
  }
  return subject && { ...subject, amr: ['pwd'] }
}

export const ownerOf = (known: Known, subject: Subject): Whose => ({
  address: { ownerId: subject.ownerId, customer: known.registration.customer },
  person: subject.person,
  about: { user: subject.username, realm: subject.realm, resolver: subject.resolver },
})
