/** /validate/triggerchallenge: asks every device of a person, for an application that may. */
import { triggerChallenge } from '../../challenge/trigger.ts'
import { typesAsked } from '../../challenge/types.ts'
import { whoseOrNobody } from '../../challenge/whose.ts'
import { callerWith } from '../decode/caller.ts'
import { parametersOf } from '../decode/parameters.ts'
import { challengeResult } from '../encode/challenge-answer.ts'
import { type Result, answer } from '../encode/envelope.ts'
import { surface } from '../surface.ts'
import { asking, named } from './asking.ts'

export const trigger = surface()

trigger.on(['GET', 'POST'], '/triggerchallenge', async (call) => {
  const caller = await callerWith(call, 'trigger')
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const owner = await whoseOrNobody(context, caller.customer, named(parameters))
  if (!owner) return answer(call, untriggered('no_tokens'))
  const about = asking(call, caller, parameters)
  const asked = await triggerChallenge(context, owner, {
    ...about,
    ...(await typesAsked(context, owner, about.client, parameters.get('type'))),
    firstFactor: false,
  })
  return answer(
    call,
    asked.ok ? challengeResult(asked, asked.serials.length) : untriggered(asked.reason),
  )
})

const untriggered = (reason: string): Result => ({
  value: 0,
  authentication: 'REJECT',
  detail: { message: refusedTrigger(reason) },
})

const refusedTrigger = (reason: string): string =>
  reason === 'locked' ? 'Failcounter exceeded' : 'The user has no tokens assigned'
