/** POST /token/init with the type passkey: the first call says what the browser shall make, the second brings what it made. */
import { beginPasskey, endPasskey } from '../../enrolment/passkey.ts'
import { refuse } from '../../problem.ts'
import type { Caller } from '../decode/caller.ts'
import { momentOf } from '../decode/otp-wish.ts'
import type { Parameters } from '../decode/parameters.ts'
import { attestationOf } from '../decode/passkey.ts'
import { peerAddress } from '../decode/peer.ts'
import { realmsAsked } from '../decode/place.ts'
import { descriptionAsked, personAsked, tokenNamed } from '../decode/token-asked.ts'
import { answer } from '../encode/envelope.ts'
import { recorded } from '../recorded.ts'
import type { Call } from '../surface.ts'

export async function initPasskey(
  call: Call,
  caller: Caller,
  parameters: Parameters,
): Promise<Response> {
  const isEnd = parameters.get('attestationObject') || parameters.get('attestationobject')
  const entry = {
    action: 'token_init',
    user: parameters.get('user') || undefined,
    realm: parameters.get('realm') || undefined,
    detail: { type: 'passkey', step: isEnd ? 'end' : 'begin' },
  }
  const detail = await recorded(call, caller, entry, (noted) =>
    (isEnd ? end : begin)(call, caller, parameters, noted),
  )
  return answer(call, { value: true, detail })
}

type Step = (
  call: Call,
  caller: Caller,
  parameters: Parameters,
  noted: Record<string, unknown>,
) => Promise<Record<string, unknown>>

const begin: Step = async (call, { customer, self }, parameters, noted) => {
  const context = call.get('context')
  if ((parameters.get('otppin') || parameters.get('pin')) !== '')
    refuse({
      reason: 'bad_parameter',
      field: 'pin',
      mend: 'goes with no passkey: it asks for a finger, a face or a PIN of its own',
    })
  const person = await personAsked(context, customer, parameters)
  if (!person) return refuse({ reason: 'missing_parameter', field: 'user' })
  const begun = await beginPasskey(context, {
    customer,
    person,
    client: peerAddress(call),
    realms: await realmsAsked(context, customer, parameters.get('tokenrealm')),
    serial: parameters.get('serial').trim(),
    description: descriptionAsked(parameters),
    validFrom: momentOf(parameters, 'validity_period_start'),
    validUntil: momentOf(parameters, 'validity_period_end'),
    bySelf: self !== undefined,
  })
  noted.serial = begun.serial
  return {
    serial: begun.serial,
    rollout_state: 'clientwait',
    passkey_registration: begun.options,
    transaction_id: begun.challenge,
    expires_at: begun.expiresAt,
  }
}

const end: Step = async (call, { customer, self }, parameters, noted) => {
  const context = call.get('context')
  const owner = await personAsked(context, customer, parameters)
  const serial = parameters.need('serial').trim()
  noted.serial = serial.slice(0, 40)
  const token = await tokenNamed(context, customer, serial, owner)
  if (self && token.ownerId !== self.ownerId) refuse({ reason: 'serial_not_found' })
  await endPasskey(context, token, {
    challenge: parameters.need('transaction_id'),
    response: attestationOf(parameters),
  })
  return { serial, rollout_state: 'enrolled' }
}
