/** The way to an application's messenger, for whoever has something to tell: an owner's object, or the edge. */
import type { DeviceTold, deviceEvents } from '../../schema/webhooks.ts'
import { type Context, nowSeconds } from '../env.ts'
import { logFailure } from '../record/log.ts'
import { sha256 } from '../../schema/encoding.ts'
import { rememberedPerson } from '../store/people.ts'
import type { TokenRow } from '../store/tokens/row.ts'
import { readWebhooks } from '../store/webhooks.ts'
import type { Messenger } from './messenger.ts'

/** Only plain data crosses. */
type Reached = Pick<Messenger, 'put' | 'tryOut' | 'replay' | 'list'>

export function messengerOf({ env, deployment, database }: Context, application: string): Reached {
  const all = env.MESSENGER
  const placed = deployment.jurisdiction ? all.jurisdiction(deployment.jurisdiction) : all
  return placed.get(placed.idFromName(`${database}/${application}`)) as unknown as Reached
}

type Device = Pick<
  TokenRow,
  'customer' | 'serial' | 'person' | 'account' | 'realm' | 'deviceName' | 'enrolledAt'
>

export const tellEnrolled = (context: Context, token: Device): Promise<void> =>
  tell(context, token, 'device.enrolled', token.enrolledAt ?? nowSeconds(context))

export const tellStopped = (context: Context, token: Device): Promise<void> =>
  tell(context, token, 'device.stopped', nowSeconds(context))

/** A device is the whole customer's: all of its applications are told; of an administrator's, none. Fails nothing. */
async function tell(
  context: Context,
  token: Device,
  type: (typeof deviceEvents)[number],
  at: number,
): Promise<void> {
  const { customer, serial, person, realm, deviceName: name } = token
  if (token.account !== null) return
  try {
    const applications = new Set(
      (await readWebhooks(context, customer)).map(({ application }) => application),
    )
    if (applications.size === 0) return
    const user = person && ((await rememberedPerson(context, person))?.username ?? null)
    const id = `msg_${(await sha256(`${type}/${serial}/${at}`)).slice(0, 22)}`
    const data: DeviceTold = { serial, user, realm, name }
    for (const application of applications)
      await messengerOf(context, application).put([{ id, type, at, data }])
  } catch (error) {
    logFailure(`${type} was not told`, error)
  }
}
