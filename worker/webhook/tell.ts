/** The way to an application's messenger, for whoever has something to tell: an owner's object, or the edge. */
import type { EnrolledTold } from '../../schema/webhooks.ts'
import type { Context } from '../env.ts'
import { logFailure } from '../record/log.ts'
import { sha256 } from '../../schema/encoding.ts'
import { readWebhooks } from '../store/webhooks.ts'
import type { Message } from './message.ts'
import type { Messenger } from './messenger.ts'

/** Only plain data crosses. */
type Reached = Pick<Messenger, 'put' | 'tryOut' | 'replay' | 'list'>

export function messengerOf({ env, deployment, database }: Context, application: string): Reached {
  const all = env.MESSENGER
  const placed = deployment.jurisdiction ? all.jurisdiction(deployment.jurisdiction) : all
  return placed.get(placed.idFromName(`${database}/${application}`)) as unknown as Reached
}

/** A device that is ready is the whole customer's: all of its applications are told. Keeps nobody waiting and fails nothing. */
export async function tellEnrolled(
  context: Context,
  customer: string,
  told: EnrolledTold & { at: number },
): Promise<void> {
  const { at, ...data } = told
  try {
    const webhooks = await readWebhooks(context, customer)
    const id = `msg_${(await sha256(`enrolled/${told.serial}/${at}`)).slice(0, 22)}`
    const message: Message = { id, type: 'device.enrolled', at, data }
    for (const application of new Set(webhooks.map((one) => one.application)))
      await messengerOf(context, application).put([message])
  } catch (error) {
    logFailure('an enrolment was not told', error)
  }
}
