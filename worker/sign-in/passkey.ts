/** A person who signs in with a passkey: whose it is, it says itself. */
import { type Assertion, checkPasskey, ownerOfPasskey } from '../challenge/passkey.ts'
import { admittedBy, admitting, insistAuthorized, rulesFor } from '../challenge/rules.ts'
import { byPasskey } from '../grant/claims.ts'
import type { Known } from '../grant/known.ts'
import { type Subject as Request, usersNamed } from '../policy/match.ts'
import { Refusal } from '../problem.ts'
import { readPolicies, sayingsIn } from '../store/policies.ts'
import { knownRealms } from '../store/realms.ts'
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

/**
 * Whether policies let in anybody of this application's people by a passkey, from there and now. Nobody is looked up: it is judged of
 * whomever the policies name, be they there or not, and of somebody whom none names, so that the page tells nothing of anyone. Which
 * serials are let in is not judged: they are given at random.
 */
export async function isAnyPasskeyAdmitted(
  { context, registration }: Known,
  client: string | null,
): Promise<boolean> {
  const { customer, realm: only } = registration
  const policies = await readPolicies(context, customer)
  const named = usersNamed(policies, 'authorization', [...admitting])
  // Longer than each of them, so none of them.
  const users = [`${named.join('')}.`, ...named]
  const isAdmitted = (about: Omit<Request, 'nowMs'>): boolean => {
    const asked = { ...about, ...(client !== null && { client }), nowMs: context.nowMs() }
    try {
      const { authorized, tokenTypes } = admittedBy(sayingsIn(policies, asked))
      return authorized && (tokenTypes === null || tokenTypes.includes('passkey'))
    } catch (error) {
      // Policies that contradict each other let nobody in.
      if (error instanceof Refusal) return false
      throw error
    }
  }
  const realms = (await knownRealms(context, customer)).filter(
    ({ name }) => only === '' || name === only,
  )
  return realms.some(({ name: realm, resolvers }) =>
    resolvers.some(({ name: resolver }) =>
      users.some((user) => isAdmitted({ user, realm, resolver })),
    ),
  )
}
