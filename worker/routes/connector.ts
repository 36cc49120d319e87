/** /connector: programs beside a directory that ask it for us: let in by a code, known by their key, cut off when they are revoked. */
import * as v from 'valibot'
import { ConnectorEnrolment, connectorTyp } from '../../schema/connector.ts'
import { sha256, toBase64url } from '../../schema/encoding.ts'
import { PublicJwk, headerOf, verify } from '../../schema/jws.ts'
import { type Dialling, connectorHeader } from '../connector/question.ts'
import { hubOf } from '../connector/reach.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import {
  type ConnectorRow,
  deleteConnector,
  enrolConnector,
  findConnector,
  insertConnector,
  listConnectors,
} from '../store/connectors.ts'
import { databaseOfKey, inDatabase, keyIdIn } from '../store/databases.ts'
import { writeAudit } from '../record/audit.ts'
import { callerWith } from './decode/caller.ts'
import { parametersOf } from './decode/parameters.ts'
import { peerAddress } from './decode/peer.ts'
import { answer } from './encode/envelope.ts'
import { recorded } from './recorded.ts'
import { type Call, surface } from './surface.ts'

export const connector = surface()

/** Long enough to walk to the machine. */
const codeSeconds = 3600

connector.get('/', async (call) => {
  const caller = await callerWith(call, 'settings')
  const context = call.get('context')
  const value = await recorded(call, caller, { action: 'connector_list' }, async () => {
    const rows = await listConnectors(context.db, caller.customer)
    const names = [...new Set(rows.map(({ name }) => name))]
    const connected = await Promise.all(
      names.map((name) => hubOf(context, caller.customer, name).connected()),
    )
    return rows.map((row) => described(row, connected.flat()))
  })
  return answer(call, { value })
})

const described = (
  { id, name, label, publicKey, codeExpiresAt }: ConnectorRow,
  connected: string[],
) => ({
  id,
  name,
  label,
  enrolled: publicKey !== null,
  connected: connected.includes(id),
  code_expires_at: codeExpiresAt,
})

connector.post('/', async (call) => {
  const caller = await callerWith(call, 'settings')
  const context = call.get('context')
  const name = (await parametersOf(call)).need('name').trim().toLowerCase()
  const entry = { action: 'connector_add', detail: { connector: name.slice(0, 64) } }
  const value = await recorded(call, caller, entry, async (detail) => {
    if (!/^[a-z0-9_.-]{1,64}$/.test(name))
      refuse({
        reason: 'bad_parameter',
        field: 'name',
        mend: 'must be 1 to 64 letters, digits or any of _ . -',
      })
    const id = keyIdIn(context.database, toBase64url(context.random(16)))
    const secret = toBase64url(context.random(24))
    const createdAt = nowSeconds(context)
    const codeExpiresAt = createdAt + codeSeconds
    detail.id = id
    await insertConnector(context.db, {
      id,
      customer: caller.customer,
      name,
      codeHash: await sha256(secret),
      codeExpiresAt,
      createdAt,
    })
    return { id, code: `${id}:${secret}`, code_expires_at: codeExpiresAt }
  })
  return answer(call, { value })
})

connector.delete('/:id', async (call) => {
  const caller = await callerWith(call, 'settings')
  const context = call.get('context')
  const id = call.req.param('id')
  const entry = { action: 'connector_delete', detail: { id: id.slice(0, 64) } }
  await recorded(call, caller, entry, async () => {
    const row = await deleteConnector(context.db, caller.customer, id)
    if (!row) refuse({ reason: 'connector_unknown' })
    await hubOf(context, caller.customer, row.name).dismiss(id)
  })
  return answer(call, { value: true })
})

/** Its id says where its customer lives. */
function contextOf(call: Call, id: string): Context {
  const context = inDatabase(call.get('context'), databaseOfKey(id))
  if (!context) refuse({ reason: 'connector_unknown' })
  call.set('context', context)
  return context
}

connector.post('/enrol', async (call) => {
  const proof = (await parametersOf(call)).need('proof')
  const key = v.safeParse(PublicJwk, headerOf(proof)?.jwk)
  const claims = key.success
    ? await verify(connectorTyp.enrolment, proof, key.output, ConnectorEnrolment)
    : null
  if (!key.success || !claims || claims.aud !== call.get('context').deployment.origin)
    refuse({ reason: 'signature_refused', field: 'proof' })
  const [id = '', secret = ''] = claims.code.split(':')
  const context = contextOf(call, id)
  const enrolled = { publicKey: key.output, label: claims.label, at: nowSeconds(context) }
  const row = await enrolConnector(context.db, { id, codeHash: await sha256(secret) }, enrolled)
  if (!row) refuse({ reason: 'connector_code_refused' })
  await writeAudit(context, {
    customer: row.customer,
    action: 'connector_enrol',
    success: true,
    client: peerAddress(call) ?? undefined,
    detail: { id, connector: row.name, label: claims.label },
  })
  return answer(call, { value: { id, name: row.name } })
})

connector.get('/dial', async (call) => {
  const id = (await parametersOf(call)).need('id')
  const context = contextOf(call, id)
  const row = await findConnector(context.db, id)
  if (!row?.publicKey) refuse({ reason: 'connector_unknown' })
  // Whose socket was refused asks again without one, and learns whether it is known.
  if (call.req.header('Upgrade')?.toLowerCase() !== 'websocket')
    refuse({ reason: 'bad_parameter', field: 'Upgrade', mend: 'must be websocket' })
  const dialling: Dialling = {
    id,
    database: context.database,
    publicKey: row.publicKey,
    origin: context.deployment.origin,
  }
  return hubOf(context, row.customer, row.name).fetch('https://connectors/', {
    headers: { Upgrade: 'websocket', [connectorHeader]: JSON.stringify(dialling) },
  })
})
