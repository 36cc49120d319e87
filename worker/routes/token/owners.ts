/** Who a token belongs to, and in which realms it is seen. */
import { transfer } from '../../enrolment/transfer.ts'
import { limitsFor } from '../../enrolment/limits.ts'
import { changeAll, changeWithin } from '../../enrolment/manage.ts'
import { checkPin } from '../../enrolment/pin.ts'
import { hashPin } from '../../factor/pin.ts'
import { refuse } from '../../problem.ts'
import type { TokenRow } from '../../store/tokens/row.ts'
import { callerWith } from '../decode/caller.ts'
import { setterOf } from '../decode/identity.ts'
import { type Parameters, parametersOf } from '../decode/parameters.ts'
import { peerAddress } from '../decode/peer.ts'
import { realmsAsked } from '../decode/place.ts'
import { personAsked, tokenNamed, tokensAsked } from '../decode/token-asked.ts'
import { answer } from '../encode/envelope.ts'
import { recorded } from '../recorded.ts'
import { type Call, surface } from '../surface.ts'

export const owners = surface()

const entryOf = (call: Call, parameters: Parameters, action: string) => ({
  action,
  serial: (call.req.param('serial') ?? parameters.get('serial')).slice(0, 40) || undefined,
  user: parameters.get('user') || undefined,
  realm: parameters.get('realm') || undefined,
})

owners.post('/assign', async (call) => {
  const caller = await callerWith(call, 'tokens')
  const parameters = await parametersOf(call)
  const context = call.get('context')
  await recorded(call, caller, entryOf(call, parameters, 'token_assign'), async () => {
    const token = await tokenNamed(context, caller.customer, parameters.need('serial').trim())
    refuseCodesAlone(token)
    refusePasskey(token)
    // Nobody helps themselves to what belongs to another realm.
    if (caller.self && token.realms.length > 0 && !token.realms.includes(caller.self.realm))
      refuse({ reason: 'serial_not_found' })
    const owner = await personAsked(context, caller.customer, parameters)
    if (!owner) refuse({ reason: 'missing_parameter', field: 'user' })
    if (token.revoked) refuse({ reason: 'token_revoked' })
    if (token.person !== null && token.ownerId !== owner.ownerId)
      refuse({ reason: 'token_assigned' })
    const client = peerAddress(call)
    const { customer } = caller
    if (parameters.has('pin'))
      await checkPin(
        context,
        { customer, ...setterOf(caller), person: owner, client },
        parameters.get('pin'),
      )
    const pin = parameters.has('pin')
      ? { pinHash: await hashPin(context, parameters.get('pin'), owner.ownerId) }
      : {}
    if (token.ownerId === owner.ownerId) return changeAll(context, [token], () => pin)
    const { type, realms } = token
    const newRealms = [owner.realm].filter((realm) => !realms.includes(realm))
    const bySelf = caller.self !== undefined
    const limited = { customer, type, person: owner, realms: newRealms, client, bySelf }
    // One that is disabled adds to no count of active ones until it is enabled.
    const limits = (await limitsFor(context, limited)).filter(
      (limit) => token.active || limit.of === 'realm' || !limit.active,
    )
    await transfer(context, token, owner, { change: pin, limits })
  })
  return answer(call, { value: true })
})

/** A device's codes cannot be another person's than the device. @throws Refusal bad_parameter */
function refuseCodesAlone({ device }: TokenRow): void {
  if (device !== null)
    refuse({
      reason: 'bad_parameter',
      field: 'serial',
      mend: `must be ${device}, the device that shows these codes`,
    })
}

/** It names its holder wherever it is kept: in another's name it would be a riddle there. @throws Refusal bad_parameter */
function refusePasskey({ type }: TokenRow): void {
  if (type === 'passkey')
    refuse({
      reason: 'bad_parameter',
      field: 'serial',
      mend: 'is a passkey, which is good for whoever made it: delete it, and have the other person add theirs',
    })
}

/** The PIN and the failures were the person's: they stay behind. */
const bare = { pinHash: null, failCount: 0 }

for (const path of ['/unassign', '/unassign/:serial'])
  owners.post(path, async (call) => {
    const caller = await callerWith(call, 'tokens')
    const parameters = await parametersOf(call)
    const context = call.get('context')
    const entry = entryOf(call, parameters, 'token_unassign')
    const value = await recorded(call, caller, entry, async (detail) => {
      const inPath = call.req.param('serial')
      const { tokens } = await tokensAsked(context, caller.customer, parameters, inPath)
      const [only, ...more] = tokens
      if (only && more.length === 0) {
        refuseCodesAlone(only)
        refusePasskey(only)
      }
      // Those that a device shows go with the device; passkeys stay.
      const assigned = tokens.filter(
        ({ person, device, type }) => person !== null && device === null && type !== 'passkey',
      )
      for (const token of assigned) await transfer(context, token, null, { change: bare })
      detail.serials = assigned.map(({ serial }) => serial)
      return tokens.length
    })
    return answer(call, { value })
  })

for (const path of ['/realm', '/realm/:serial'])
  owners.post(path, async (call) => {
    const caller = await callerWith(call, 'tokens')
    const parameters = await parametersOf(call)
    const context = call.get('context')
    const entry = entryOf(call, parameters, 'token_realm')
    await recorded(call, caller, entry, async (detail) => {
      const inPath = call.req.param('serial')
      const serial = (inPath ?? parameters.need('serial')).trim()
      const token = await tokenNamed(context, caller.customer, serial)
      const realms = await realmsAsked(context, caller.customer, parameters.need('realms'))
      const { type, customer } = token
      const added = realms.filter((realm) => realm !== token.realm && !token.realms.includes(realm))
      const limits = await limitsFor(context, { customer, type, person: null, realms: added })
      await changeWithin(context, token, { realms }, limits)
      detail.realms = realms
    })
    return answer(call, { value: true })
  })
