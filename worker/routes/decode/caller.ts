/** Who calls the application's side: an API key, a session of /auth, or nobody known. */
import { sha256 } from '../../../schema/encoding.ts'
import { equalSecrets } from '../../crypto/equal.ts'
import { readSession } from '../../crypto/session.ts'
import { isLoopbackHost, nowSeconds } from '../../env.ts'
import { type Right, administratorRights } from '../../policy/rights.ts'
import { isWithin } from '../../policy/network.ts'
import { refuse } from '../../problem.ts'
import { findAccount, findApiKey, findApplication } from '../../store/accounts.ts'
import { readSettings } from '../../store/settings.ts'
import { type Call, customerOf } from '../surface.ts'
import { peerAddress } from './peer.ts'

export type Caller = {
  customer: string
  /** For the audit trail: an account's name, a key's id, or ''. */
  name: string
  application: { id: string; name: string }
  rights: ReadonlySet<string>
  /** Where its credential may be used from; empty: anywhere. */
  networks: string[]
}

/** Whoever is not known may do what a login page must, and only where that is allowed. */
const anonymousRights = new Set<string>(['check'] satisfies Right[])

/** @throws Refusal api_key_refused · bad_session: what is shown must be valid, even where nothing need be shown. */
export async function callerOf(call: Call): Promise<Caller> {
  const customer = customerOf(call)
  const key = call.req.header('X-API-Key')
  if (key !== undefined) return byKey(call, customer, key)
  const session = call.req.header('PI-Authorization') ?? call.req.header('Authorization')
  if (session !== undefined) return bySession(call, customer, session.replace(/^Bearer\s+/i, ''))
  return {
    customer,
    name: '',
    application: await applicationOf(call, 'default'),
    rights: anonymousRights,
    networks: [],
  }
}

/** @throws Refusal no_authorization · right_missing */
export async function callerWith(call: Call, right: Right, orElse?: Right): Promise<Caller> {
  const caller = await callerOf(call)
  if (caller.rights.has(right) || (orElse && caller.rights.has(orElse))) return caller
  if (caller.name === '') refuse({ reason: 'no_authorization' })
  refuse({ reason: 'right_missing', right })
}

/** For /validate/check: an unknown caller is heard only on a loopback deployment, from this machine itself, or where the setting says so. */
export async function checkingCaller(call: Call): Promise<Caller> {
  const caller = await callerOf(call)
  if (!caller.rights.has('check')) refuse({ reason: 'right_missing', right: 'check' })
  await checkHeard(call, caller, {})
  return caller
}

/** Asked again when it is known who is meant: the policy may be about some people only. @throws Refusal api_key_required */
export async function checkHeard(
  call: Call,
  caller: Caller,
  whom: { user?: string; realm?: string },
): Promise<void> {
  if (caller.name !== '' || (call.var.context.deployment.loopback && isFromHere(call))) return
  const client = peerAddress(call)
  const about = client === null ? whom : { ...whom, client }
  const { apiKeyRequired } = await readSettings(call.var.context, caller.customer, about)
  if (apiKeyRequired === 1) refuse({ reason: 'api_key_required' })
}

/** Not forwarded, and not on behalf of a page from elsewhere: neither across sites nor by a name bound to this address. */
const isFromHere = (call: Call): boolean =>
  isLoopbackHost(new URL(call.req.url).hostname) &&
  [undefined, 'same-origin', 'none'].includes(call.req.header('Sec-Fetch-Site')) &&
  !['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Real-IP', 'CF-Connecting-IP'].some(
    (name) => call.req.header(name) !== undefined,
  )

async function byKey(call: Call, customer: string, text: string): Promise<Caller> {
  const [id, secret] = splitOnce(text, '_')
  const key = await findApiKey(call.var.context, id)
  const hash = await sha256(secret)
  if (!equalSecrets(hash, key?.secretHash ?? '') || key?.customer !== customer)
    refuse({ reason: 'api_key_refused' })
  checkNetwork(call, key.networks)
  return {
    customer,
    name: `key ${key.id}`,
    application: await applicationOf(call, key.application),
    rights: new Set(key.rights),
    networks: key.networks,
  }
}

async function bySession(call: Call, customer: string, token: string): Promise<Caller> {
  const { context } = call.var
  const session = await readSession(context.deployment.master, token, nowSeconds(context))
  if (!session || session.customer !== customer) refuse({ reason: 'bad_session' })
  // An account that was removed, or lost a right, has lost it for its open sessions too.
  const account = await findAccount(context, customer, session.username)
  if (account?.id !== session.account) refuse({ reason: 'bad_session' })
  checkNetwork(call, account.networks)
  return {
    customer,
    name: account.username,
    application: await applicationOf(call, account.application),
    rights: new Set(account.role === 'admin' ? administratorRights : account.rights),
    networks: account.networks,
  }
}

/** A credential that is bound to networks is worth nothing from elsewhere, nor from where nobody knows. */
function checkNetwork(call: Call, networks: string[]): void {
  if (!isWithin(networks, peerAddress(call) ?? undefined)) refuse({ reason: 'network_refused' })
}

async function applicationOf(call: Call, id: string): Promise<{ id: string; name: string }> {
  const application = await findApplication(call.var.context, id)
  return { id, name: application?.name ?? call.var.context.deployment.issuer }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
