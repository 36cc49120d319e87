/** /oauth/ciba: an application that nobody has opened in a browser asks for somebody. */
import { beginBackchannel } from '../../sign-in/backchannel.ts'
import type { Caller } from '../decode/caller.ts'
import { applicationOf, givenIn } from '../decode/oauth.ts'
import { whenceOf } from '../decode/origin.ts'
import { surface } from '../surface.ts'
import { signedParameters } from './authorize.ts'

export const ciba = surface()

/** All that is known is which server asks. */
const asServer = { rights: new Set<string>() } as unknown as Caller

ciba.post('/ciba', async (call) => {
  const given = await givenIn(call)
  const known = await applicationOf(call, given)
  const signed = given['request']
  const asked = signed === undefined ? given : await signedParameters(known, signed)
  const begun = await beginBackchannel(known, asked, {
    ...whenceOf(call, asServer, ''),
    agent: '',
  })
  return call.json(begun, 200, { 'Cache-Control': 'no-store' })
})
