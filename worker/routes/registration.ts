/** /application/<id>/openid and /secret: what an application may do by OpenID Connect, and the Client Secrets that it shows. A secret is told once. */
import { sha256, toBase64url } from '../../schema/encoding.ts'
import { nowSeconds } from '../env.ts'
import { sealedSecret } from '../grant/signing-secret.ts'
import { refuse } from '../problem.ts'
import { keyIdIn } from '../store/databases.ts'
import { realmNamed } from '../store/realms.ts'
import {
  deleteRegistration,
  deleteSecret,
  findRegistration,
  insertSecret,
  mostSecrets,
  writeRegistration,
} from '../store/registrations.ts'
import { ownApplication } from './application.ts'
import { callerWith } from './decode/caller.ts'
import { parametersOf } from './decode/parameters.ts'
import { registrationOf } from './decode/registration.ts'
import { answer } from './encode/envelope.ts'
import { shownRegistration } from './encode/registration.ts'
import { recorded } from './recorded.ts'
import { surface } from './surface.ts'

export const registration = surface()

registration.post('/:id/openid', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id } = await ownApplication(call, caller)
  const context = call.get('context')
  const said = registrationOf(await parametersOf(call), context.deployment.pushHosts)
  // Whatever its own token opens, whoever registers it has.
  const beyond = said.scopes.find((scope) => scope !== 'poll' && !caller.rights.has(scope))
  if (beyond !== undefined) refuse({ reason: 'right_missing', right: beyond })
  const realm = said.realm === '' ? '' : await realmNamed(context, caller.customer, said.realm)
  if (realm === null) return refuse({ reason: 'realm_not_found' })
  const { customer } = caller
  const row = { ...said, realm, application: id, customer, createdAt: nowSeconds(context) }
  const detail = { id, ...said, keys: said.keys.length }
  return recorded(call, caller, { action: 'openid_write', detail }, async () => {
    await writeRegistration(context, row)
    return answer(call, { value: shownRegistration(row, keyIdIn(context.database, id)) })
  })
})

registration.delete('/:id/openid', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id } = await ownApplication(call, caller)
  return recorded(call, caller, { action: 'openid_delete', detail: { id } }, async () => {
    if (!(await deleteRegistration(call.get('context'), id)))
      refuse({ reason: 'application_not_found' })
    return answer(call, { value: 1 })
  })
})

registration.post('/:id/secret', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id } = await ownApplication(call, caller)
  const entry = { action: 'secret_add', detail: { id } }
  return recorded(call, caller, entry, async (detail) => {
    const context = call.get('context')
    const signs = (await findRegistration(context, id))?.signsWithSecret === true
    // RFC 7518 §3.2: a key of HS512 has 64 bytes at least.
    const text = toBase64url(context.random(signs ? 48 : 32))
    const secret = toBase64url(context.random(9))
    const made = await insertSecret(context, {
      id: secret,
      customer: caller.customer,
      application: id,
      hash: await sha256(text),
      sealed: signs ? await sealedSecret(context, secret, text) : '',
      createdAt: nowSeconds(context),
    })
    if (!made)
      return refuse({
        reason: 'bad_parameter',
        field: 'id',
        mend: `has ${mostSecrets} secrets already: delete the one that is no longer used`,
      })
    detail['secret'] = secret
    const clientId = keyIdIn(context.database, id)
    return answer(call, { value: { id: secret, client_id: clientId, client_secret: text } })
  })
})

registration.delete('/:id/secret/:secret', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id } = await ownApplication(call, caller)
  const secret = call.req.param('secret')
  const entry = { action: 'secret_delete', detail: { id, secret } }
  return recorded(call, caller, entry, async () => {
    if (!(await deleteSecret(call.get('context'), id, secret)))
      refuse({ reason: 'application_not_found' })
    return answer(call, { value: 1 })
  })
})
