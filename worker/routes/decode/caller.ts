/**
 * Lets a caller in where a route names the right that it asks for: the right, what policies of scope admin and user say of the
 * act, a person to what is theirs, and a dangerous act with a fresh approval. All of it stands here, none of it in a route.
 */
import { isLoopbackHost } from '../../env.ts'
import { type Act, actNamed } from '../../policy/acts.ts'
import type { Right } from '../../policy/rights.ts'
import { refuse } from '../../problem.ts'
import { saidOf } from '../../store/policies.ts'
import { readSettings } from '../../store/settings.ts'
import { routePath } from 'hono/route'
import type { Call } from '../surface.ts'
import { deviceTouched } from './account-device.ts'
import { freshApproval } from './approval.ts'
import { type Caller, identityOf } from './identity.ts'
import { parametersOf } from './parameters.ts'
import { peerAddress } from './peer.ts'
import { judgePerson, judgePolicies } from './permission.ts'

export type { Caller } from './identity.ts'

/** @throws Refusal role_missing: a person is no application. */
export async function callerOf(call: Call): Promise<Caller> {
  const caller = await identityOf(call)
  if (caller.role === 'user') refuse({ reason: 'role_missing' })
  return caller
}

/** @throws Refusal no_authorization · role_missing · right_missing · action_denied */
export async function callerWith(call: Call, right: Right, orElse?: Right): Promise<Caller> {
  const caller = await identityOf(call)
  if (caller.name === '') refuse({ reason: 'no_authorization' })
  const path = routePath(call)
  const act = actNamed(call.req.method, path)
  if (caller.self) {
    if (!act?.self) refuse({ reason: 'role_missing' })
    // From here on every parameter that names somebody names them.
    call.set('self', caller.self)
    await judgePerson(call, caller, caller.self, act)
    await deviceTouched(call, caller, path)
    return caller
  }
  if (!caller.rights.has(right) && !(orElse && caller.rights.has(orElse)))
    refuse({ reason: 'right_missing', right })
  if (!act) return caller
  const allowed = await judgePolicies(call, caller, act)
  const touched = await deviceTouched(call, caller, path)
  return approved(call, allowed, touched ?? (await dangerOf(call, act)))
}

async function dangerOf(call: Call, { danger }: Act): Promise<string | null> {
  if (!danger) return null
  const parameters = await parametersOf(call)
  return danger((name) => call.req.param(name) ?? parameters.get(name))
}

/** Keys and service accounts have no devices: their rights are their limit. */
export async function approved(call: Call, caller: Caller, danger: string | null): Promise<Caller> {
  const { account } = caller
  if (danger === null || caller.role !== 'admin' || !account) return caller
  const approvedBy = await freshApproval(call, account, danger)
  return approvedBy === null ? caller : { ...caller, approvedBy }
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
  whom: { user?: string; realm?: string; resolver?: string },
): Promise<void> {
  if (caller.name !== '' || (call.get('context').deployment.loopback && isFromHere(call))) return
  const client = peerAddress(call)
  const about = client === null ? whom : { ...whom, client }
  const context = call.get('context')
  const { apiKeyRequired } = await readSettings(context, caller.customer, about)
  if (apiKeyRequired === 1) refuse({ reason: 'api_key_required' })
  // privacyIDEA's own, in its own words.
  if (await saidOf(context, caller.customer, 'authorization', 'api_key_required', about))
    refuse({ reason: 'no_api_key' })
}

/** Not forwarded, and not on behalf of a page from elsewhere: neither across sites nor by a name bound to this address. */
const isFromHere = (call: Call): boolean =>
  isLoopbackHost(new URL(call.req.url).hostname) &&
  [undefined, 'same-origin', 'none'].includes(call.req.header('Sec-Fetch-Site')) &&
  !['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Real-IP', 'CF-Connecting-IP'].some(
    (name) => call.req.header(name) !== undefined,
  )
