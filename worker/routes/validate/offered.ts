/** /validate/capabilities and /validate/initialize: what a login page may offer here. */
import { refuse } from '../../problem.ts'
import { callerOf } from '../decode/caller.ts'
import { parametersOf } from '../decode/parameters.ts'
import { answer } from '../encode/envelope.ts'
import { surface } from '../surface.ts'

export const offers = surface()

const offered = ['push', 'totp', 'hotp', 'recovery']

/** What this server offers to login pages, for an application that is known. */
offers.get('/capabilities', async (call) => {
  const caller = await callerOf(call)
  if (caller.name === '') refuse({ reason: 'api_key_required' })
  return answer(call, {
    value: { capabilities: caller.rights.has('check') ? offered : [] },
  })
})

offers.on(['GET', 'POST'], '/initialize', async (call) => {
  const type = (await parametersOf(call)).need('type')
  const mend = type === 'passkey' ? 'is not offered yet: passkeys come later' : 'must be passkey'
  return refuse({ reason: 'bad_parameter', field: 'type', mend })
})
