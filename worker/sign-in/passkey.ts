/** A person who signs in with a passkey: whose it is, it says itself. */
import { type Assertion, checkPasskey, ownerOfPasskey } from '../challenge/passkey.ts'
import { insistAuthorized, rulesFor } from '../challenge/rules.ts'
import { byPasskey } from '../grant/claims.ts'
import type { Known } from '../grant/known.ts'
import type { Subject } from './subject.ts'

export type ShownPasskey = {
  challenge: string
  assertion: Assertion
  /** The hash of the cookie that the challenge was shown to. */
  browser: string
  client: string | null
}

/**
 * @returns whose it is, and its serial; null where it is of nobody whom this application is for, or proves nothing; the trail says why.
 * @throws Refusal of policies that let nobody in so: the challenge is used up.
 */
export async function subjectByPasskey(
  { context, registration }: Known,
  { challenge, assertion, browser, client }: ShownPasskey,
): Promise<(Subject & { serial: string }) | null> {
  const { customer, application, realm } = registration
  const found = await ownerOfPasskey(context, customer, assertion.credentialId)
  if (!found) return null
  const { sought, passkey } = found
  const { about, address, person } = sought
  if (realm !== '' && about.realm !== realm) return null
  const rules = await rulesFor(context, customer, { ...about, ...(client !== null && { client }) })
  const asker = { customer, application, browser }
  const { terms } = rules
  const checked = await checkPasskey(context, found, {
    ...{ ...asker, challenge, assertion, client, terms },
  })
  if (!checked.ok || person === null) return null
  const tokens = [{ serial: passkey.serial, type: 'passkey' as const }]
  await insistAuthorized(context, rules, sought, { tokens, application })
  return {
    person,
    username: about.user ?? '',
    realm: about.realm ?? '',
    resolver: about.resolver ?? '',
    ownerId: address.ownerId,
    amr: byPasskey,
    serial: passkey.serial,
  }
}
