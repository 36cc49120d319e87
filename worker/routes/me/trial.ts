/** /me/devices/:serial/trial: a push that is only a try, and how it went. */
import { awaitTrial } from '../../challenge/await-trial.ts'
import type { Trial } from '../../challenge/desk/trial-note.ts'
import { reach } from '../../challenge/reach.ts'
import { nowSeconds } from '../../env.ts'
import { refuse } from '../../problem.ts'
import { personOf } from '../decode/person.ts'
import { parametersOf, wholeNumber } from '../decode/parameters.ts'
import { answer, envelope } from '../encode/envelope.ts'
import { streamed } from '../encode/streamed.ts'
import { type Call, surface } from '../surface.ts'

export const trial = surface()

/** Longer nobody looks at the page. */
const longestSeconds = 60

const shown = ({ at, outcome, arrivedAt }: Trial) => ({
  tried_at: at,
  outcome,
  arrived_at: arrivedAt,
})

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
  const parameters = await parametersOf(call)
  const seconds = wholeNumber(parameters, 'wait', { min: 0, max: longestSeconds, otherwise: 0 })
  if (seconds === 0) return answer(call, { value: shown(last) })
  const untilMs = context.nowMs() + seconds * 1000
  return streamed(
    (work) => call.executionCtx.waitUntil(work),
    async (gone) => {
      const now = await awaitTrial(context, address, serial, { untilMs, gone })
      return envelope({ value: shown(now ?? last) }, context.nowMs())
    },
  )
})
