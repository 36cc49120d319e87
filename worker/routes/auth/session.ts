/** Opens the session of whoever signed in, and tells what they may do. */
import { signSession } from '../../crypto/session.ts'
import { nowSeconds } from '../../env.ts'
import { grantedActions, menusOf } from '../../policy/granted.ts'
import { writeAudit } from '../../record/audit.ts'
import { readPolicies } from '../../store/policies.ts'
import { type Caller, passwordMark } from '../decode/identity.ts'
import { peerAddress } from '../decode/peer.ts'
import { answer } from '../encode/envelope.ts'
import { sessionValue } from '../encode/session.ts'
import { type Call, customerOf } from '../surface.ts'
import type { SignedIn } from './who.ts'

const advice =
  'This account is protected by a password alone. Enrol a device for it: POST /token/init with `account`.'

/** @param signed approved: by a device or a one-time password beside the password. */
export async function openSession(
  call: Call,
  signed: SignedIn & { approved: boolean },
): Promise<Response> {
  const { context } = call.var
  const customer = customerOf(call)
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
  const rights = await grantedTo(call, signed)
  const claims = { account: who.id, username, realm, role, rights, customer } as const
  const token = await signSession(
    context.deployment.master,
    {
      ...claims,
      ...(signed.approved && { approved: true }),
      ...('account' in signed && { mark: await passwordMark(signed.account) }),
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
    client: peerAddress(call) ?? undefined,
  })
  const menus = menusOf(rights)
  const alone = 'account' in signed && signed.account.role === 'admin' && !signed.approved
  return answer(call, {
    authentication: 'ACCEPT',
    value: sessionValue({ token, role, username, realm, rights, menus, ...(alone && { advice }) }),
  })
}

async function grantedTo(call: Call, signed: SignedIn): Promise<string[]> {
  if ('person' in signed) {
    const { row, realm } = signed.person
    return granted(call, 'user', { user: row.username, realm, resolver: row.resolver }, null)
  }
  const { role, username, rights } = signed.account
  const open = ['realm', 'resolver', 'user'] as const
  return granted(call, 'admin', { adminuser: username, open }, role === 'service' ? rights : null)
}

/** The same for whoever shows a session or a key. */
export async function grantedOf(call: Call, caller: Caller): Promise<string[]> {
  if (caller.self) {
    const { username: user, realm, resolver } = caller.self
    return granted(call, 'user', { user, realm, resolver }, null)
  }
  const open = ['realm', 'resolver', 'user'] as const
  const rights = caller.role === 'admin' ? null : caller.rights
  return granted(call, 'admin', { adminuser: caller.name, open }, rights)
}

async function granted(
  call: Call,
  scope: 'admin' | 'user',
  about: object,
  rights: Iterable<string> | null,
): Promise<string[]> {
  const { context } = call.var
  const policies = await readPolicies(context, customerOf(call))
  const client = peerAddress(call)
  const subject = { ...about, ...(client !== null && { client }), nowMs: context.nowMs() }
  return grantedActions(policies, scope, subject, rights)
}
