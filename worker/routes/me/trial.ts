/** /me/devices/:serial/trial: a push that is only a try, and how it went. */
import { reach } from '../../challenge/reach.ts'
import { nowSeconds } from '../../env.ts'
import { refuse } from '../../problem.ts'
import { personOf } from '../decode/person.ts'
import { answer } from '../encode/envelope.ts'
import { type Call, surface } from '../surface.ts'

export const trial = surface()

const asked = async (call: Call) => {
  const { self, customer } = await personOf(call)
  const address = { ownerId: self.ownerId, customer }
  return { context: call.get('context'), address, serial: call.req.param('serial') ?? '' }
}

trial.post('/devices/:serial/trial', async (call) => {
  const { context, address, serial } = await asked(call)
  const tried = await reach(context, address, (object) => object.tryPush(address, serial))
  if (tried.ok) return answer(call, { value: true })
  if (tried.reason === 'unknown') return refuse({ reason: 'serial_not_found' })
  if (tried.reason === 'no_push') return refuse({ reason: 'push_impossible' })
  const retryAfterSeconds = Math.max(1, tried.againAt - nowSeconds(context))
  return refuse({ reason: 'too_many_requests', retryAfterSeconds, what: 'tries' })
})

trial.get('/devices/:serial/trial', async (call) => {
  const { context, address, serial } = await asked(call)
  const last = await reach(context, address, (object) => object.trialOf(address, serial))
  if (!last) return refuse({ reason: 'trial_unknown' })
  const { at, outcome, arrivedAt } = last
  return answer(call, { value: { tried_at: at, outcome, arrived_at: arrivedAt } })
})
