/** The owner's object behind a token, for tests that look inside. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { tokens } from '../../schema/tables.ts'
import { type Env, deploymentOf } from '../../worker/env.ts'
import type { Deployment } from './deployment.ts'

/**
 * Objects that something happens to while a request is under way: `disturb` runs when this method of an object is about to be called,
 * or has just answered. The objects are the runtime's own.
 */
export function disturbed(
  method: string,
  when: 'before' | 'after',
  disturb: (stub: DurableObjectStub) => Promise<unknown>,
): Env['COORDINATOR'] {
  const stubOf = (stub: DurableObjectStub) =>
    new Proxy(stub, {
      get(target, name) {
        const call = Reflect.get(target, name) as unknown
        if (name !== method || typeof call !== 'function') return call
        return async (...given: unknown[]) => {
          // Called on the stub itself: a method of a stub is a remote thing, without `apply`.
          const remote = target as unknown as Record<string, (...given: unknown[]) => unknown>
          if (when === 'before') await disturb(target)
          const answer = await remote[method]!(...given)
          if (when === 'after') await disturb(target)
          return answer
        }
      },
    })
  return new Proxy(env.COORDINATOR, {
    get(target, name) {
      if (name === 'get') return (id: DurableObjectId) => stubOf(target.get(id))
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** @param of a serial, asked of D1 once: the object stays known when the token has gone. */
export async function objectOf({ db }: Pick<Deployment, 'db'>, serial: string) {
  const [row] = await db.select().from(tokens).where(eq(tokens.serial, serial))
  if (!row) throw new Error(`no token ${serial}`)
  const stub = env.COORDINATOR.get(env.COORDINATOR.idFromName(row.ownerId))
  return {
    stub,
    /** Rings its alarm now, whenever it was set for. */
    alarm: () => runDurableObjectAlarm(stub),
    /** How long objects gather what happened: all of them share it, so put it back to 0, which is what tests have. */
    gather: (seconds: number) =>
      runInDurableObject(stub, async (coordinator) => {
        const { env: own } = coordinator as unknown as { env: Env }
        ;(await deploymentOf(own)).trailSeconds = seconds
      }),
    evict: () => evictDurableObject(stub),
    /** The rows of one of its tables. */
    rows: <T extends Record<string, SqlStorageValue>>(query: string, ...bindings: unknown[]) =>
      runInDurableObject(stub, (_, { storage }) =>
        storage.sql.exec<T>(query, ...bindings).toArray(),
      ),
  }
}
