/** POST /token/init: begins the enrolment of a device, or makes a token of one-time passwords. */
import { beginEnrolment } from '../../enrolment/begin.ts'
import { labelFor } from '../../enrolment/label.ts'
import { makeOtp } from '../../enrolment/make-otp.ts'
import { refuse } from '../../problem.ts'
import { type Caller, callerWith } from '../decode/caller.ts'
import { otpShape, seedOf } from '../decode/otp-wish.ts'
import { type Parameters, parametersOf } from '../decode/parameters.ts'
import { peerAddress } from '../decode/peer.ts'
import { personAsked } from '../decode/token-asked.ts'
import { answer } from '../encode/envelope.ts'
import { otpEnrolment, qrCode } from '../encode/otp-enrolment.ts'
import { recorded } from '../recorded.ts'
import { type Call, surface } from '../surface.ts'

export const init = surface()

export const longestDescription = 80
const types = ['push', 'totp', 'hotp', 'recovery'] as const

init.post('/init', async (call) => {
  const caller = await callerWith(call, 'enrol')
  const parameters = await parametersOf(call)
  const asked = (parameters.get('type') || 'push').toLowerCase()
  const type = types.find((known) => known === asked)
  if (!type)
    refuse({ reason: 'bad_parameter', field: 'type', mend: `must be one of ${types.join(', ')}` })
  return type === 'push'
    ? initPush(call, caller, parameters)
    : initOtp(call, caller, parameters, type)
})

const named = (parameters: Parameters) => ({
  serial: parameters.get('serial').trim(),
  description: parameters.get('description').slice(0, longestDescription),
  pin: parameters.get('pin') || parameters.get('otppin'),
})

async function initPush(call: Call, caller: Caller, parameters: Parameters): Promise<Response> {
  const { context } = call.var
  const begun = await beginEnrolment(context, {
    customer: caller.customer,
    person: await personAsked(context, caller.customer, parameters),
    ...named(parameters),
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
        img: qrCode(begun.link),
      },
    },
  })
}

async function initOtp(
  call: Call,
  caller: Caller,
  parameters: Parameters,
  type: 'totp' | 'hotp' | 'recovery',
): Promise<Response> {
  const { context } = call.var
  const person = await personAsked(context, caller.customer, parameters)
  const entry = {
    action: 'token_init',
    ...(person && { user: person.username, realm: person.realm }),
    detail: { type },
  }
  const detail = await recorded(call, caller, entry, async (noted) => {
    const wish = {
      customer: caller.customer,
      person,
      type,
      ...named(parameters),
      ...otpShape(parameters),
      seed: type === 'recovery' ? null : seedOf(parameters),
      validUntil: null,
    }
    const made = await makeOtp(context, wish)
    noted.serial = made.serial
    const label = await labelFor(context, {
      customer: caller.customer,
      serial: made.serial,
      person,
      client: peerAddress(call),
    })
    return otpEnrolment(wish, made, label)
  })
  return answer(call, { value: true, detail })
}
