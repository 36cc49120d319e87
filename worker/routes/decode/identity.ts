/** Who a request is from: an API key, an account's session, a person's session, or nobody known. What they may is judged elsewhere. */
import { sha256 } from '../../../schema/encoding.ts'
import { personOwner } from '../../challenge/whose.ts'
import { equalSecrets } from '../../crypto/equal.ts'
import type { OwnerId } from '../../crypto/sealed-id.ts'
import { type Session, readSession, sessionSeconds } from '../../crypto/session.ts'
import { nowSeconds } from '../../env.ts'
import { type Right, administratorRights } from '../../policy/rights.ts'
import { isWithin } from '../../policy/network.ts'
import { refuse } from '../../problem.ts'
import {
  type Account,
  type ApiKey,
  findAccount,
  findApiKey,
  findApplication,
  readSources,
} from '../../store/accounts.ts'
import { findRegistration } from '../../store/registrations.ts'
import { isStillShown } from '../../grant/authenticate.ts'
import { remembered } from '../../store/cache.ts'
import { personIn } from '../../people/find.ts'
import { findPerson } from '../../store/people.ts'
import { defaultCustomer } from '../../store/customers.ts'
import type { Call } from '../surface.ts'
import { sessionShown } from './customer.ts'
import { peerAddress } from './peer.ts'

/** A person who signed in: all they ask for is about themselves. */
export type Self = {
  person: string
  username: string
  realm: string
  resolver: string
  ownerId: OwnerId
  /** They showed a device or a one-time password beside the password. */
  approved: boolean
  /** Since when this session stands. */
  sinceAt: number
}

export type Caller = {
  customer: string
  /** For the audit trail: an account's or a person's name, a key's id, or ''. */
  name: string
  role: 'nobody' | 'key' | 'service' | 'admin' | 'user'
  application: { id: string; name: string }
  rights: ReadonlySet<string>
  /** Where its credential may be used from; empty: anywhere. */
  networks: string[]
  /** Of an account's session. */
  account?: Account
  /** Of a person's session. */
  self?: Self
  /** The device that approved this very act. */
  approvedBy?: string
  /** Where the policies show a list of some realms only. */
  realms?: string[]
}

/** Who sets a PIN, as the policies about PINs ask. */
export const setterOf = ({ self, name }: Caller) =>
  self ? { by: 'user' as const } : { by: 'admin' as const, adminuser: name }

/** Whoever is not known may do what a login page must, and only where that is allowed. */
const anonymousRights = new Set<string>(['check'] satisfies Right[])

/** @throws Refusal api_key_refused · bad_session: what is shown must be valid, even where nothing need be shown. */
export async function identityOf(call: Call): Promise<Caller> {
  const key = call.req.header('X-API-Key')
  if (key !== undefined) return byKey(call, key)
  const session = sessionShown(call)
  if (session !== null) return bySession(call, session)
  const known = await bySource(call, defaultCustomer)
  if (known) return known
  return {
    customer: defaultCustomer,
    name: '',
    role: 'nobody',
    application: await applicationOf(call, defaultCustomer),
    rights: anonymousRights,
    networks: [],
  }
}

async function byKey(call: Call, text: string): Promise<Caller> {
  const caller = await remembered(call.get('context'), `shown/${text}`, async () => {
    const key = await keyShown(call, text)
    return key && speaker(call, key)
  })
  if (!caller) refuse({ reason: 'api_key_refused' })
  checkNetwork(call, caller.networks)
  return caller
}

/**
 * A key that was right is remembered as it was shown, until anything is changed: hashing it anew is a tenth of a poll. What is wrong is
 * hashed each time. The isolate's memory holds the key anyway while its request runs, and finding it in a Map compares its
 * hash first, which is seeded anew in each process: the time that takes tells nobody how much of a guess was right.
 */
async function keyShown(call: Call, text: string): Promise<ApiKey | null> {
  const [id, secret] = splitOnce(text, '_')
  const key = await findApiKey(call.get('context'), id)
  const hash = await sha256(secret)
  // One without a secret is known by its networks; its id opens nothing.
  return equalSecrets(hash, key?.secretHash ?? '') ? key : null
}

const speaker = async (call: Call, key: ApiKey): Promise<Caller> => ({
  customer: key.customer,
  name: `key ${key.id}`,
  role: 'key',
  application: await applicationOf(call, key.application),
  rights: new Set(key.rights),
  networks: key.networks,
})

/** For plugins that can send no header: who calls from the networks of a key without a secret is its application. */
async function bySource(call: Call, customer: string): Promise<Caller | null> {
  const peer = peerAddress(call)
  if (peer === null) return null
  const sources = await readSources(call.get('context'), customer)
  const source = sources.find(({ networks }) => isWithin(networks, peer))
  return source ? speaker(call, source) : null
}

async function bySession(call: Call, token: string): Promise<Caller> {
  const context = call.get('context')
  const session = await readSession(context.deployment.master, token, nowSeconds(context))
  if (session === 'expired') refuse({ reason: 'session_expired' })
  if (session === 'malformed') refuse({ reason: 'bad_session', why: 'Not enough segments' })
  if (session === 'forged' || (session.database ?? 0) !== context.database)
    refuse({ reason: 'bad_session', why: 'Signature verification failed' })
  if (session.role === 'application') return byApplication(call, session)
  return session.role === 'user' ? byPerson(call, session) : byAccount(call, session)
}

async function byAccount(call: Call, session: Session): Promise<Caller> {
  const { customer, username } = session
  // An account that was removed, or lost a right, has lost it for its open sessions too.
  const account = await findAccount(call.get('context'), customer, username)
  if (account?.id !== session.account || (await passwordMark(account)) !== session.mark)
    refuse({ reason: 'bad_session', why: noLonger })
  checkNetwork(call, account.networks)
  return {
    customer,
    name: account.username,
    role: account.role,
    account,
    application: await applicationOf(call, account.application),
    rights: new Set(account.role === 'admin' ? administratorRights : account.rights),
    networks: account.networks,
  }
}

/** By its own token of /oauth/token: worth as long as what it was given for, and no more than it is registered for now. */
async function byApplication(call: Call, session: Session): Promise<Caller> {
  const context = call.get('context')
  const { account: id, customer, mark, rights } = session
  const registered = await findRegistration(context, id)
  if (!registered || !(await isStillShown(context, registered, mark ?? '')))
    return refuse({ reason: 'bad_session', why: noLonger })
  return {
    customer,
    name: `application ${id}`,
    role: 'key',
    application: await applicationOf(call, id),
    rights: new Set(rights.filter((right) => registered.scopes.includes(right))),
    networks: [],
  }
}

const noLonger =
  'it was ended, is of somebody who is gone, or of a password or a secret that was changed'

/** A session ends with the password that it was opened by. */
export const passwordMark = async ({ passwordHash }: Account): Promise<string> =>
  (await sha256(passwordHash)).slice(0, 12)

/** They must still be there, under this name, in a resolver that their realm looks into. */
async function byPerson(call: Call, session: Session): Promise<Caller> {
  const context = call.get('context')
  const { customer, username, realm } = session
  const found = await personIn(context, { customer, realm, username })
  if (found?.id !== session.account) refuse({ reason: 'bad_session', why: noLonger })
  // Of D1 itself: what was signed in by an approval that somebody talked out of them ends at once.
  const row = await findPerson(context, found.id)
  if (row?.sessionMark !== (session.mark ?? '')) refuse({ reason: 'bad_session', why: noLonger })
  return {
    customer,
    name: username,
    role: 'user',
    application: await applicationOf(call, customer),
    rights: new Set(),
    networks: [],
    self: {
      person: found.id,
      username,
      realm,
      resolver: found.resolver,
      ownerId: await personOwner(context, customer, realm, found.id),
      approved: session.approved === true,
      sinceAt: session.exp - sessionSeconds,
    },
  }
}

/** A credential that is bound to networks is worth nothing from elsewhere, nor from where nobody knows. */
function checkNetwork(call: Call, networks: string[]): void {
  if (!isWithin(networks, peerAddress(call) ?? undefined)) refuse({ reason: 'network_refused' })
}

async function applicationOf(call: Call, id: string): Promise<{ id: string; name: string }> {
  const application = await findApplication(call.get('context'), id)
  return { id, name: application?.name ?? call.get('context').deployment.issuer }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
