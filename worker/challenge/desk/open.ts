/** Opens the desk of an object: its storage, its database, and what it remembers while it is awake. */
import { databaseOf } from '../../crypto/owner.ts'
import { random } from '../../crypto/random.ts'
import type { OwnerId } from '../../crypto/sealed-id.ts'
import { type Env, deploymentOf } from '../../env.ts'
import { logFailure } from '../../record/log.ts'
import { databaseNumbered, hasSeveral } from '../../store/databases.ts'
import type { Desk } from './desk.ts'
import { openStorage } from './storage.ts'

export async function openDesk(ctx: DurableObjectState, env: Env): Promise<Desk> {
  const deployment = await deploymentOf(env)
  const nowMs = () => Date.now()
  const { database, db } = databaseOfObject(ctx, env)
  const hasStorage = openStorage(ctx.storage.sql)
  return {
    sql: ctx.storage.sql,
    storage: ctx.storage,
    db,
    deployment,
    context: { env, database, db, deployment, nowMs, random },
    random,
    nowMs,
    background: (work) =>
      ctx.waitUntil(work.catch((error: unknown) => logFailure('background work failed', error))),
    sockets: () => ctx.getWebSockets(),
    waiters: new Map(),
    copy: null,
    counters: null,
    open: null,
    kept: new Map(),
    lapsing: new Map(),
    knowsLapsing: false,
    unwritten: null,
    generation: 0,
    handedOver: new Map(),
    copyGeneration: 0,
    hasStorage,
    wroteAtMs: hasStorage ? nowMs() : -Infinity,
    keepOwner: null,
    alarmAtMs: await ctx.storage.getAlarm(),
    draining: null,
  }
}

/** An object's name is its owner's id. */
function databaseOfObject({ id }: DurableObjectState, env: Env) {
  const database = databaseOf((id.name ?? '') as OwnerId)
  // What was named before names said it is of the only one there was.
  const db = hasSeveral(env) ? databaseNumbered(env, database) : env.DB
  if (!db) throw new Error(`The database ${database} is not bound`)
  return { database, db }
}
