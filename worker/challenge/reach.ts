/** The way to an owner's object. */
import type { Context } from '../env.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import type { ChallengeCoordinator } from './coordinator.ts'
import type { Found } from './desk/desk.ts'

/** Only plain data crosses, so the object's methods have the same types from outside. */
export type Coordinator = Omit<
  ChallengeCoordinator,
  'alarm' | 'webSocketMessage' | 'webSocketClose' | 'fetch'
> &
  Pick<DurableObjectStub, 'fetch'>

export function coordinatorOf({ env, deployment }: Context, ownerId: OwnerId): Coordinator {
  const all = env.COORDINATOR
  const placed = deployment.jurisdiction ? all.jurisdiction(deployment.jurisdiction) : all
  return placed.get(placed.idFromName(ownerId)) as unknown as Coordinator
}

/**
 * Calls the object; where the connection to it broke (a deploy, a move), once more with a new stub. Every call of ours may be
 * repeated: it changes nothing the second time, or answers that it was done.
 */
export async function reach<T>(
  context: Context,
  address: Found,
  call: (object: Coordinator) => Promise<T>,
): Promise<T> {
  try {
    return await call(coordinatorOf(context, address.ownerId))
  } catch (error) {
    if (!isReset(error)) throw error
    return call(coordinatorOf(context, address.ownerId))
  }
}

/** The runtime's own words for a connection that broke and an object that was restarted; errors of our code have neither. */
const isReset = (error: unknown): boolean => {
  const { retryable, durableObjectReset } = error as Partial<Record<string, boolean>>
  return retryable === true || durableObjectReset === true
}
