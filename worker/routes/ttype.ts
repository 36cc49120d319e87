/** /ttype/push: what the privacyIDEA app calls. One address for all it has to say; which it is shows by what it sends. */
import { answerByPhone, pollByPhone } from '../challenge/phone.ts'
import { finishByPhone, updateFbtoken } from '../enrolment/phone.ts'
import { refuse } from '../problem.ts'
import { type Parameters, parametersOf } from './decode/parameters.ts'
import { peerAddress } from './decode/peer.ts'
import { type Result, answer } from './encode/envelope.ts'
import { wrappedKey } from './encode/phone.ts'
import { customerNamed } from './decode/customer.ts'
import { type Call, surface } from './surface.ts'

export const ttype = surface()

/** The second is that of every customer but the first: a serial alone does not say whose it is. */
const paths = ['/push', '/push/:customer']
const customerOf = (call: Call): Promise<string> =>
  customerNamed(call, call.req.param('customer') ?? '', 'customer')

/** Apps ask every three seconds while they are open. */
ttype.on('GET', paths, async (call) => {
  const customer = await customerOf(call)
  const parameters = await parametersOf(call)
  const poll = {
    serial: parameters.need('serial'),
    timestamp: parameters.need('timestamp'),
    signature: parameters.need('signature'),
    client: peerAddress(call),
  }
  return answer(call, { value: await pollByPhone(call.get('context'), customer, poll) })
})

ttype.on('POST', paths, async (call) => {
  const customer = await customerOf(call)
  const parameters = await parametersOf(call)
  parameters.need('serial')
  const has = (...names: string[]) => names.every((name) => parameters.has(name))
  if (has('fbtoken', 'pubkey')) return answer(call, await enrol(call, customer, parameters))
  if (has('new_fb_token', 'timestamp', 'signature'))
    return answer(call, await update(call, customer, parameters))
  if (has('signature')) return answer(call, await answered(call, customer, parameters))
  return refuse({ reason: 'missing_parameters' })
})

async function enrol(call: Call, customer: string, parameters: Parameters): Promise<Result> {
  const serial = parameters.get('serial')
  const key = await finishByPhone(call.get('context'), customer, {
    serial,
    credential: parameters.get('enrollment_credential'),
    publicKey: parameters.get('pubkey'),
    fbtoken: parameters.get('fbtoken'),
    capabilities: parameters.get('capabilities'),
  })
  const detail = { public_key: wrappedKey(key), rollout_state: 'enrolled', serial }
  return { value: true, detail }
}

async function update(call: Call, customer: string, parameters: Parameters): Promise<Result> {
  await updateFbtoken(call.get('context'), customer, {
    serial: parameters.get('serial'),
    fbtoken: parameters.get('new_fb_token'),
    timestamp: parameters.get('timestamp'),
    signature: parameters.get('signature'),
  })
  return { value: true }
}

async function answered(call: Call, customer: string, parameters: Parameters): Promise<Result> {
  const given = await answerByPhone(call.get('context'), customer, {
    serial: parameters.get('serial'),
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
