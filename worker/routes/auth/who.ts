/**
 * Who a name at POST /auth may stand for: an account, whatever realm is asked for (the Java client sends that of its people along
 * with its account), and a person of a resolver. The password says which.
 */
import { personOwner, splitRealm } from '../../challenge/whose.ts'
import type { OwnerId } from '../../crypto/sealed-id.ts'
import type { Context } from '../../env.ts'
import { refuse } from '../../problem.ts'
import { type Account, findAccount } from '../../store/accounts.ts'
import { personIn } from '../../people/find.ts'
import { type Person, findPerson } from '../../store/people.ts'
import { realmNamed } from '../../store/realms.ts'

export type PersonHere = { row: Person; realm: string; ownerId: OwnerId }
export type Candidates = {
  /** As it was written. */
  asked: string
  /** Another spelling of the same person is counted with the first. */
  countedAs: string
  account: Account | null
  person: PersonHere | null
  /** The realm that the name is of, or would be. */
  realm: string | undefined
}
export type SignedIn = { account: Account } | { person: PersonHere }

/** @throws Refusal unknown_login_realm · username_missing */
export async function candidatesFor(
  context: Context,
  customer: string,
  { username, realm: asked }: { username: string; realm: string },
): Promise<Candidates> {
  if (asked !== '' && !(await realmNamed(context, customer, asked)))
    refuse({ reason: 'unknown_login_realm', realm: asked.slice(0, 64) })
  if (username === '') refuse({ reason: 'username_missing' })
  const account = await findAccount(context, customer, username)
  const { username: name, realm } = await splitRealm(context, customer, username, asked)
  const found = realm && (await personIn(context, { customer, realm, username: name }))
  // Asked for nobody too, so that nobody costs what somebody does.
  const row = await findPerson(context, found ? found.id : '')
  const person =
    realm && row
      ? { row, realm, ownerId: await personOwner(context, customer, realm, row.id) }
      : null
  const countedAs = account ? username : `${name}@${realm ?? asked}`
  return { asked: username, countedAs, account, person, realm: realm ?? undefined }
}
