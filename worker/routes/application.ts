/**
 * /application: who may ask. Each application has a name that devices show, keys (X-API-Key) and service accounts (POST
 * /auth), each limited to rights and networks. A secret is shown once, when it is made.
 */
import { sha256, toBase64url } from '../../schema/encoding.ts'
import { nowSeconds } from '../env.ts'
import { hashNewPassword } from '../factor/password.ts'
import { isExclusion } from '../policy/match.ts'
import { narrowed } from '../policy/narrow.ts'
import { isNetwork } from '../policy/network.ts'
import { type Right, isRight, rights } from '../policy/rights.ts'
import { refuse } from '../problem.ts'
import {
  type Application,
  deleteAccount,
  deleteApiKey,
  deleteApplication,
  findAccount,
  findApplication,
  insertAccount,
  insertApiKey,
  noSecret,
  readApplications,
  writeApplication,
} from '../store/accounts.ts'
import { keyIdIn } from '../store/databases.ts'
import { type Caller, callerWith } from './decode/caller.ts'
import { listOf } from './decode/list.ts'
import { type Parameters, parametersOf } from './decode/parameters.ts'
import { checkedPassword } from './decode/password.ts'
import { removeAdministrator } from '../enrolment/administrator.ts'
import { answer } from './encode/envelope.ts'
import { shownRegistration } from './encode/registration.ts'
import { recorded } from './recorded.ts'
import { type Call, surface } from './surface.ts'

export const application = surface()

/** The administrators' own, called like the customer: without it nobody could sign in to make another. Whoever belongs to it manages all. */
const builtIn = ({ customer }: Caller): string => customer

application.get('/', async (call) => {
  const caller = await callerWith(call, 'applications')
  const all = await readApplications(call.get('context'), caller.customer)
  const { database } = call.get('context')
  const value = all.map(({ application: { id, name }, keys, accounts, secrets, openid }) => ({
    id,
    name,
    client_id: keyIdIn(database, id),
    secrets: secrets.map((one) => ({ id: one.id, created_at: one.createdAt })),
    openid: openid && shownRegistration(openid, keyIdIn(database, id)),
    keys: keys.map((key) => ({
      id: key.id,
      rights: key.rights,
      networks: key.networks,
      created_at: key.createdAt,
    })),
    accounts: accounts.map((one) => ({
      username: one.username,
      role: one.role,
      rights: one.rights,
      networks: one.networks,
      created_at: one.createdAt,
    })),
  }))
  return answer(call, { value })
})

application.post('/:id', async (call) => {
  const caller = await callerWith(call, 'applications')
  const parameters = await parametersOf(call)
  const id = call.req.param('id')
  if (!/^[a-z0-9-]{1,64}$/.test(id))
    refuse({
      reason: 'bad_parameter',
      field: 'id',
      mend: 'must be small letters, digits and hyphens',
    })
  const name = parameters.need('name').trim()
  if (name === '' || name.length > 64 || /\p{C}/u.test(name))
    refuse({
      reason: 'bad_parameter',
      field: 'name',
      mend: 'must be 1 to 64 characters that can be shown',
    })
  return recorded(call, caller, { action: 'application_write', detail: { id, name } }, async () => {
    const context = call.get('context')
    checkOwn(caller, id)
    const known = await findApplication(context, id)
    if (known && known.customer !== caller.customer) refuse({ reason: 'application_not_found' })
    await writeApplication(context, {
      id,
      customer: caller.customer,
      name,
      createdAt: nowSeconds(context),
    })
    return answer(call, { value: { id, name } })
  })
})

application.delete('/:id', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id } = await ownApplication(call, caller)
  if (id === builtIn(caller))
    refuse({
      reason: 'bad_parameter',
      field: 'id',
      mend: 'must not be the application that administrators belong to',
    })
  return recorded(call, caller, { action: 'application_delete', detail: { id } }, async () => {
    await deleteApplication(call.get('context'), id)
    return answer(call, { value: 1 })
  })
})

application.post('/:id/key', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id } = await ownApplication(call, caller)
  const parameters = await parametersOf(call)
  const limits = limitsOf(caller, parameters)
  const bySource = isBySource(parameters, limits)
  return recorded(
    call,
    caller,
    { action: 'key_add', detail: { application: id, ...limits, ...(bySource && { bySource }) } },
    async (detail) => {
      const context = call.get('context')
      // An underscore parts the id from the secret.
      const keyId = keyIdIn(context.database, toBase64url(context.random(9)).replaceAll('_', '-'))
      const secret = toBase64url(context.random(32))
      await insertApiKey(context, {
        id: keyId,
        customer: caller.customer,
        application: id,
        secretHash: bySource ? noSecret : await sha256(secret),
        ...limits,
        createdAt: nowSeconds(context),
      })
      detail['key'] = keyId
      const value = { id: keyId, ...(!bySource && { api_key: `${keyId}_${secret}` }) }
      return answer(call, { value })
    },
  )
})

application.delete('/:id/key/:key', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id } = await ownApplication(call, caller)
  const key = call.req.param('key')
  return recorded(
    call,
    caller,
    { action: 'key_delete', detail: { application: id, key } },
    async () => {
      if (!(await deleteApiKey(call.get('context'), id, key)))
        refuse({ reason: 'application_not_found' })
      return answer(call, { value: 1 })
    },
  )
})

application.post('/:id/account', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id } = await ownApplication(call, caller)
  const parameters = await parametersOf(call)
  const username = parameters.need('username').trim()
  if (!/^[\w.@-]{1,128}$/.test(username))
    refuse({
      reason: 'bad_parameter',
      field: 'username',
      mend: 'must be letters, digits and . _ @ -',
    })
  const password = checkedPassword(parameters, 'password')
  const role = roleOf(caller, id, parameters)
  const limits =
    role === 'admin' ? ofAdministrator(caller, parameters) : limitsOf(caller, parameters)
  const entry = { action: 'account_add', detail: { application: id, username, role, ...limits } }
  return recorded(call, caller, entry, async () => {
    const context = call.get('context')
    const made = await insertAccount(context, {
      id: toBase64url(context.random(16)),
      customer: caller.customer,
      application: id,
      username,
      role,
      passwordHash: await hashNewPassword(context, password),
      ...limits,
      createdAt: nowSeconds(context),
    })
    if (!made) refuse({ reason: 'bad_parameter', field: 'username', mend: 'is taken' })
    return answer(call, { value: { username, role } })
  })
})

application.delete('/:id/account/:username', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id } = await ownApplication(call, caller)
  const username = call.req.param('username')
  const entry = { action: 'account_delete', detail: { application: id, username } }
  return recorded(call, caller, entry, async () => {
    const context = call.get('context')
    const account = await findAccount(context, caller.customer, username)
    if (account?.role === 'admin' && account.application === id) {
      if (caller.role !== 'admin') refuse({ reason: 'application_not_found' })
      await removeAdministrator(context, account)
      return answer(call, { value: 1 })
    }
    if (!(await deleteAccount(context, id, username))) refuse({ reason: 'application_not_found' })
    return answer(call, { value: 1 })
  })
})

/** Administrators are made by administrators, and belong to the application that manages all. @throws Refusal bad_parameter */
function roleOf(caller: Caller, id: string, parameters: Parameters): 'admin' | 'service' {
  const role = parameters.get('role') || 'service'
  if (role === 'service') return role
  if (role !== 'admin' || id !== builtIn(caller) || caller.role !== 'admin')
    refuse({
      reason: 'bad_parameter',
      field: 'role',
      mend: `must be service; admin only in the application ${builtIn(caller)}, and by an administrator`,
    })
  return role
}

/** All rights, from the networks that they are bound to. */
const ofAdministrator = (caller: Caller, parameters: Parameters) => ({
  rights: [],
  networks: networksOf(caller, parameters),
})

/** @throws Refusal application_not_found: another customer's is as good as none. */
export async function ownApplication(call: Call, caller: Caller): Promise<Application> {
  const found = await findApplication(call.get('context'), call.req.param('id') ?? '')
  if (found?.customer !== caller.customer) refuse({ reason: 'application_not_found' })
  checkOwn(caller, found.id)
  return found
}

/** An address is shared and can be borrowed: it is worth a login's check and nothing more, and never everywhere. */
function isBySource(
  parameters: Parameters,
  { rights: granted, networks }: { rights: Right[]; networks: string[] },
): boolean {
  if (!/^(1|true|yes)$/i.test(parameters.get('by_source'))) return false
  if (networks.length === 0 || networks.some(isExclusion))
    refuse({
      reason: 'bad_parameter',
      field: 'networks',
      mend: 'must say where from: addresses and networks, none left out',
    })
  if (granted.some((right) => right !== 'check'))
    refuse({ reason: 'bad_parameter', field: 'rights', mend: 'must be check and nothing else' })
  return true
}

/** An application's own credential speaks for that application: it names no other, and makes no key of one. */
function checkOwn(caller: Caller, id: string): void {
  if (caller.application.id !== builtIn(caller) && caller.application.id !== id)
    refuse({ reason: 'application_refused' })
}

/** Nobody hands on a right or a network that they do not have; what a request may claim of its origin, whoever makes applications decides. */
function limitsOf(caller: Caller, parameters: Parameters): { rights: Right[]; networks: string[] } {
  const asked = listOf('rights', parameters.need('rights'))
  const unknown = asked.find((name) => !isRight(name))
  if (asked.length === 0 || unknown !== undefined)
    refuse({
      reason: 'bad_parameter',
      field: 'rights',
      mend: `must be some of ${Object.keys(rights).join(', ')}`,
    })
  const granted = asked.filter(isRight)
  const beyond = granted.find((right) => !right.startsWith('origin_') && !caller.rights.has(right))
  if (beyond !== undefined) refuse({ reason: 'right_missing', right: beyond })
  return { rights: granted, networks: networksOf(caller, parameters) }
}

function networksOf(caller: Caller, parameters: Parameters): string[] {
  const networks = listOf('networks', parameters.get('networks'))
  const wrong = networks.find((entry) => !isNetwork(entry))
  if (wrong !== undefined)
    refuse({
      reason: 'bad_parameter',
      field: 'networks',
      mend: `must be addresses and networks; '${wrong}' is neither`,
    })
  const within = narrowed(caller.networks, networks)
  if (!within)
    refuse({
      reason: 'bad_parameter',
      field: 'networks',
      mend: `must lie within those of whoever makes it: ${caller.networks.join(', ')}`,
    })
  return within
}
