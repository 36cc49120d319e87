/** /ttype/push: what the privacyIDEA app calls. One address for all it has to say; which it is shows by what it sends. */
import { answerByPhone, pollByPhone } from '../challenge/phone.ts'
import { finishByPhone, updateFbtoken } from '../enrolment/phone.ts'
import { refuse } from '../problem.ts'
import { type Parameters, parametersOf } from './decode/parameters.ts'
import { peerAddress } from './decode/peer.ts'
import { type Result, answer } from './encode/envelope.ts'
import { wrappedKey } from './encode/phone.ts'
import { type Call, customerOf, surface } from './surface.ts'

export const ttype = surface()

/** Apps ask every three seconds while they are open. */
ttype.get('/push', async (call) => {
  const parameters = await parametersOf(call)
  const poll = {
    serial: parameters.need('serial'),
    timestamp: parameters.need('timestamp'),
    signature: parameters.need('signature'),
    client: peerAddress(call),
  }
  return answer(call, { value: await pollByPhone(call.var.context, customerOf(call), poll) })
})

ttype.post('/push', async (call) => {
  const parameters = await parametersOf(call)
  const serial = parameters.need('serial')
  const has = (...names: string[]) => names.every((name) => parameters.has(name))
  if (has('fbtoken', 'pubkey')) return answer(call, await enrol(call, parameters, serial))
  if (has('new_fb_token', 'timestamp', 'signature'))
    return answer(call, await update(call, parameters, serial))
  if (has('signature')) return answer(call, await answered(call, parameters, serial))
  return refuse({ reason: 'missing_parameters' })
})

async function enrol(call: Call, parameters: Parameters, serial: string): Promise<Result> {
  const key = await finishByPhone(call.var.context, customerOf(call), {
    serial,
    credential: parameters.get('enrollment_credential'),
    publicKey: parameters.get('pubkey'),
    fbtoken: parameters.get('fbtoken'),
    capabilities: parameters.get('capabilities'),
  })
  const detail = { public_key: wrappedKey(key), rollout_state: 'enrolled', serial }
  return { value: true, detail }
}

async function update(call: Call, parameters: Parameters, serial: string): Promise<Result> {
  await updateFbtoken(call.var.context, customerOf(call), {
    serial,
    fbtoken: parameters.get('new_fb_token'),
    timestamp: parameters.get('timestamp'),
    signature: parameters.get('signature'),
  })
  return { value: true }
}

async function answered(call: Call, parameters: Parameters, serial: string): Promise<Result> {
  const given = await answerByPhone(call.var.context, customerOf(call), {
    serial,
    nonce: parameters.get('nonce') || null,
    signature: parameters.get('signature'),
    decline: /^(1|true|yes)$/i.test(parameters.get('decline')),
    ...optional(parameters, 'decline_reason', 'reason'),
    ...optional(parameters, 'presence_answer', 'pick'),
  })
  if (!given.accepted) return { value: false }
  const { shown } = given
  return {
    value: true,
    ...(shown && { detail: { display_code: shown.code, message: shown.text } }),
  }
}

const optional = <Name extends string>(parameters: Parameters, from: string, to: Name) =>
  (parameters.get(from) === '' ? {} : { [to]: parameters.get(from) }) as { [_ in Name]?: string }
