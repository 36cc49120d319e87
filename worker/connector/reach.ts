/** The way to the connectors of a name. */
import type { Directory } from '../directory/parameters.ts'
import { askedOf } from '../directory/asked.ts'
import type { DoneOf, Job } from '../directory/job.ts'
import type { Context } from '../env.ts'
import type { ConnectorHub } from './hub.ts'
import type { Question } from './question.ts'

/** Only plain data crosses, so the object's methods have the same types from outside. */
type Hub = {
  [method in 'work' | 'connected' | 'dismiss']: (
    ...given: Parameters<ConnectorHub[method]>
  ) => Promise<Awaited<ReturnType<ConnectorHub[method]>>>
} & Pick<DurableObjectStub, 'fetch'>

export function hubOf({ env, deployment }: Context, customer: string, name: string): Hub {
  const all = env.CONNECTORS
  const placed = deployment.jurisdiction ? all.jurisdiction(deployment.jurisdiction) : all
  return placed.get(placed.idFromName(JSON.stringify([customer, name]))) as unknown as Hub
}

/** A connector has a second more than its directory. */
const wayMs = 1000

export async function throughConnector<T extends Job>(
  context: Context,
  place: { customer: string; resolver: string },
  directory: Directory,
  job: T,
): Promise<DoneOf<T>> {
  const hub = hubOf(context, place.customer, directory.connector)
  const question: Question = { resolver: place.resolver, directory: askedOf(directory), job }
  return (await hub.work(question, directory.timeoutMs + wayMs)) as DoneOf<T>
}
