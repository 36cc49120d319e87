/** What a request for a login names, and how its challenge is asked for. */
import type { Asking } from '../../challenge/trigger.ts'
import { refuse } from '../../problem.ts'
import type { Caller } from '../decode/caller.ts'
import { whenceOf } from '../decode/origin.ts'
import type { Parameters } from '../decode/parameters.ts'
import type { Call } from '../surface.ts'

export const named = (parameters: Parameters) => ({
  user: parameters.get('user').trim(),
  realm: parameters.get('realm').trim(),
  serial: parameters.get('serial').trim(),
})

/** More is not shown to anybody. */
const longestAgent = 256

export type About = Omit<Asking, 'firstFactor'>

export function asking(call: Call, caller: Caller, parameters: Parameters): About {
  const key = call.req.header('Idempotency-Key')
  if (key !== undefined && (key.length < 1 || key.length > 255))
    refuse({
      reason: 'bad_parameter',
      field: 'Idempotency-Key',
      mend: 'must be 1 to 255 characters',
    })
  return {
    application: caller.application,
    ...whenceOf(call, caller, parameters.get('client')),
    saying: {
      agent: (call.req.header('User-Agent') ?? '').slice(0, longestAgent),
      challenge: parameters.get('challenge').slice(0, longestAgent),
    },
    ...(key !== undefined && {
      idempotency: { key, request: JSON.stringify([call.req.path, named(parameters)]) },
    }),
  }
}
