/** /token: begin an enrolment, and see how it stands. */
import { renderSVG } from 'uqr'
import { personOwner, splitRealm } from '../challenge/whose.ts'
import { reach } from '../challenge/reach.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import type { Context } from '../env.ts'
import { type Begin, beginEnrolment } from '../enrolment/begin.ts'
import { refuse } from '../problem.ts'
import { findPerson, personId } from '../store/people.ts'
import { type TokenRow, findToken } from '../store/tokens.ts'
import { callerWith } from './decode/caller.ts'
import { type Parameters, parametersOf } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { surface } from './surface.ts'

export const token = surface()

token.post('/init', async (call) => {
  const caller = await callerWith(call, 'enrol')
  const parameters = await parametersOf(call)
  const type = parameters.get('type') || 'push'
  if (type !== 'push') refuse({ reason: 'bad_parameter', field: 'type', mend: 'must be push' })
  const { context } = call.var
  const begun = await beginEnrolment(context, {
    customer: caller.customer,
    person: await personToEnrol(context, caller.customer, parameters),
    description: parameters.get('description').slice(0, 80),
    pin: parameters.get('pin'),
    by: { name: caller.name, application: caller.application.id },
  })
  return answer(call, {
    value: true,
    detail: {
      serial: begun.serial,
      rollout_state: 'clientwait',
      enrollment_credential: begun.secret,
      enrolment_url: begun.link,
      enrolment_code: begun.code,
      expires_at: begun.expiresAt,
      pushurl: {
        description: 'Link that enrols a device',
        value: begun.link,
        img: `data:image/svg+xml,${encodeURIComponent(renderSVG(begun.link, { ecc: 'M', border: 4 }))}`,
      },
    },
  })
})

async function personToEnrol(
  context: Context,
  customer: string,
  parameters: Parameters,
): Promise<Begin['person']> {
  const user = parameters.get('user').trim()
  if (user === '') return null
  const asked = parameters.get('realm').trim()
  const { username, realm } = await splitRealm(context, customer, user, asked)
  const id = realm && (await personId(context, { customer, realm, username }))
  const person = id && (await findPerson(context, id))
  if (!realm || !person) refuse({ reason: 'user_not_found' })
  return { ...person, realm, ownerId: await personOwner(context, customer, realm, person.id) }
}

token.get('/', async (call) => {
  const caller = await callerWith(call, 'enrol')
  const serial = (await parametersOf(call)).need('serial')
  const found = await findToken(call.var.context.env.DB, serial)
  const own = found?.customer === caller.customer ? [found] : []
  const tokens = await Promise.all(own.map((row) => described(call.var.context, row)))
  return answer(call, {
    value: { count: tokens.length, current: 1, next: null, prev: null, tokens },
  })
})

/** The fail counter is the object's; D1 follows. */
async function described(context: Context, row: TokenRow): Promise<Record<string, unknown>> {
  const address = { ownerId: row.ownerId as OwnerId, customer: row.customer }
  const failcount = await reach(context, address, (object) => object.failCount(address, row.serial))
  return {
    active: row.active,
    description: row.description,
    failcount,
    info: {
      device_name: row.deviceName,
      creation_date: new Date(row.createdAt * 1000).toISOString(),
    },
    locked: failcount >= row.maxFailCount,
    maxfail: row.maxFailCount,
    realms: row.realm ? [row.realm] : [],
    revoked: row.revoked,
    rollout_state: row.rolloutState,
    serial: row.serial,
    tokentype: row.type,
    user_id: row.person ?? '',
    user_realm: row.realm ?? '',
  }
}
