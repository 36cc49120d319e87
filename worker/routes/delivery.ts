/** /delivery: how each push went, for the administrator. */
import { readDeliveries } from '../store/deliveries.ts'
import { callerWith } from './decode/caller.ts'
import { parametersOf, wholeNumber } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { surface } from './surface.ts'

export const delivery = surface()

delivery.get('/', async (call) => {
  const caller = await callerWith(call, 'delivery')
  const parameters = await parametersOf(call)
  const limit = wholeNumber(parameters, 'limit', { min: 1, max: 500, otherwise: 50 })
  const serial = parameters.get('serial')
  const found = await readDeliveries(call.get('context').db, caller.customer, {
    limit,
    ...(serial !== '' && { serial }),
  })
  const deliveries = found.map((row) => ({
    serial: row.serial,
    challenge_hash: row.challengeHash,
    kind: row.kind,
    attempt: row.attempt,
    host: row.host,
    status: row.status,
    outcome: row.outcome,
    took_ms: row.tookMs,
    at: row.at,
  }))
  return answer(call, { value: { count: deliveries.length, deliveries } })
})
