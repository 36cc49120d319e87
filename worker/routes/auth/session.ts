/** Opens the session of whoever signed in, and tells what they may do. */
import { sessionSeconds, signSession } from '../../crypto/session.ts'
import { nowSeconds } from '../../env.ts'
import { grantedActions, menusOf } from '../../policy/granted.ts'
import { writeAudit } from '../../record/audit.ts'
import { readPolicies } from '../../store/policies.ts'
import { type Caller, type Self, passwordMark } from '../decode/identity.ts'
import { peerAddress } from '../decode/peer.ts'
import { answer } from '../encode/envelope.ts'
import { sessionValue } from '../encode/session.ts'
import type { Call } from '../surface.ts'
import type { SignedIn } from './who.ts'

const advice =
  'This account is protected by a password alone. Enrol a device for it: POST /token/init with `account`.'

/** @param signed approved: by a device or a one-time password beside the password. */
export async function openSession(
  call: Call,
  customer: string,
  signed: SignedIn & { approved: boolean; by?: string },
): Promise<Response> {
  const context = call.get('context')
  const who =
    'account' in signed
      ? { id: signed.account.id, username: signed.account.username, realm: '' }
      : {
          id: signed.person.row.id,
          username: signed.person.row.username,
          realm: signed.person.realm,
        }
  const role = 'account' in signed ? 'admin' : 'user'
  const { username, realm } = who
  const rights = await grantedTo(call, customer, signed)
  const { database } = context
  const lives = { customer, ...(database > 0 && { database }) }
  const mark =
    'account' in signed ? await passwordMark(signed.account) : signed.person.row.sessionMark
  const claims = { account: who.id, username, realm, role, rights, ...lives } as const
  const token = await signSession(
    context.deployment.master,
    {
      ...claims,
      ...(signed.approved && { approved: true }),
      ...(mark !== '' && { mark }),
    },
    nowSeconds(context),
    context.random,
  )
  await writeAudit(context, {
    customer,
    action: 'auth',
    success: true,
    user: username,
    ...(realm !== '' && { realm }),
    ...(signed.by !== undefined && { detail: { by: signed.by } }),
    client: peerAddress(call) ?? undefined,
  })
  const menus = menusOf(rights)
  const alone = 'account' in signed && signed.account.role === 'admin' && !signed.approved
  return answer(call, {
    authentication: 'ACCEPT',
    value: sessionValue({ token, role, username, realm, rights, menus, ...(alone && { advice }) }),
  })
}

/** The same session under another mark, for who has just ended all others of theirs. It lasts no longer, and no more is approved by it. */
export async function sessionUnder(call: Call, caller: Caller & { self: Self }, mark: string) {
  const context = call.get('context')
  const { person: account, username, realm, approved, sinceAt } = caller.self
  const { customer } = caller
  const { database } = context
  const now = nowSeconds(context)
  return signSession(
    context.deployment.master,
    {
      ...{ account, username, realm, role: 'user', customer, mark },
      rights: await grantedOf(call, caller),
      ...(approved && { approved }),
      ...(database > 0 && { database }),
    },
    now,
    context.random,
    sinceAt + sessionSeconds - now,
  )
}

async function grantedTo(call: Call, customer: string, signed: SignedIn): Promise<string[]> {
  if ('person' in signed) {
    const { row, realm } = signed.person
    const about = { user: row.username, realm, resolver: row.resolver }
    return granted(call, customer, 'user', about, null)
  }
  const { role, username, rights } = signed.account
  const open = ['realm', 'resolver', 'user'] as const
  const about = { adminuser: username, open }
  return granted(call, customer, 'admin', about, role === 'service' ? rights : null)
}

/** The same for whoever shows a session or a key. */
export async function grantedOf(call: Call, caller: Caller): Promise<string[]> {
  if (caller.self) {
    const { username: user, realm, resolver } = caller.self
    return granted(call, caller.customer, 'user', { user, realm, resolver }, null)
  }
  const open = ['realm', 'resolver', 'user'] as const
  const rights = caller.role === 'admin' ? null : caller.rights
  return granted(call, caller.customer, 'admin', { adminuser: caller.name, open }, rights)
}

async function granted(
  call: Call,
  customer: string,
  scope: 'admin' | 'user',
  about: object,
  rights: Iterable<string> | null,
): Promise<string[]> {
  const context = call.get('context')
  const policies = await readPolicies(context, customer)
  const client = peerAddress(call)
  const subject = { ...about, ...(client !== null && { client }), nowMs: context.nowMs() }
  return grantedActions(policies, scope, subject, rights)
}
