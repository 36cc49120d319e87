/** /validate/capabilities and /validate/initialize: what a login page may offer here, and the beginning of a login without a name. */
import { offerPasskey } from '../../challenge/passkey.ts'
import { refuse } from '../../problem.ts'
import { saidOf } from '../../store/policies.ts'
import { callerOf, checkingCaller } from '../decode/caller.ts'
import { parametersOf } from '../decode/parameters.ts'
import { peerAddress } from '../decode/peer.ts'
import { answer } from '../encode/envelope.ts'
import { passkeyChallenge } from '../encode/passkey.ts'
import { surface } from '../surface.ts'

export const offers = surface()

const offered = ['push', 'totp', 'hotp', 'recovery', 'passkey']

/** What this server offers to login pages, for an application that is known. */
offers.get('/capabilities', async (call) => {
  const caller = await callerOf(call)
  if (caller.name === '') refuse({ reason: 'api_key_required' })
  return answer(call, {
    value: { capabilities: caller.rights.has('check') ? offered : [] },
  })
})

/** A challenge for whichever passkey the person has: nobody is named, and nothing is kept. */
offers.on(['GET', 'POST'], '/initialize', async (call) => {
  const { customer, application } = await checkingCaller(call)
  const type = (await parametersOf(call)).need('type')
  if (type.toLowerCase() !== 'passkey')
    refuse({ reason: 'bad_parameter', field: 'type', mend: 'must be passkey' })
  const context = call.get('context')
  const client = peerAddress(call)
  const about = client === null ? {} : { client }
  const text = await saidOf(context, customer, 'authentication', 'passkey_challenge_text', about)
  const offer = await offerPasskey(context, { customer, application: application.id })
  return answer(call, passkeyChallenge(offer, text === null ? null : String(text)))
})
