/**
 * Our worker, counted from within: what objects and D1 read and write, which is what the platform charges. GET /bench/counts tells
 * the counts so far. It watches the runtime's own methods and changes nothing of them.
 */
import { ChallengeCoordinator } from '../../../worker/challenge/coordinator.ts'
import type { Env } from '../../../worker/env.ts'
import ours from '../../../worker/index.ts'
import type { Counted } from './counts.ts'

const counts: Counted = {
  requests: 0,
  objectCalls: 0,
  objectMs: 0,
  alarmsSet: 0,
  d1Trips: 0,
  d1Statements: 0,
  d1Read: 0,
  d1Written: 0,
  pushes: 0,
}

type Cursor = { rowsRead: number; rowsWritten: number }
let cursors: Cursor[] = []
const past = { rowsRead: 0, rowsWritten: 0 }
/** Rows written to each database. */
const byDatabase = new Map<object, number>()

function settle(): void {
  for (const { rowsRead, rowsWritten } of cursors) {
    past.rowsRead += rowsRead
    past.rowsWritten += rowsWritten
  }
  cursors = []
}

let watched = false
function watchStorage(storage: DurableObjectStorage): void {
  if (watched) return
  watched = true
  const sql = Object.getPrototypeOf(storage.sql) as { exec: (...given: unknown[]) => Cursor }
  const { exec } = sql
  sql.exec = function (...given) {
    const cursor = exec.apply(this, given)
    cursors.push(cursor)
    return cursor
  }
  const prototype = Object.getPrototypeOf(storage) as { setAlarm: (...given: unknown[]) => unknown }
  const { setAlarm } = prototype
  prototype.setAlarm = function (...given) {
    counts.alarmsSet++
    return setAlarm.apply(this, given)
  }
}

type Ran = { meta: { rows_read: number; rows_written: number } }
let watchesD1 = false
function watchD1(env: Env): void {
  if (watchesD1) return
  watchesD1 = true
  const session = Object.getPrototypeOf(env.DB.withSession()) as {
    _send: (...given: unknown[]) => Promise<Ran | Ran[]>
  }
  const send = session._send
  session._send = async function (this: { fetcher?: object }, ...given) {
    const answer = await send.apply(this, given)
    const all = [answer].flat()
    counts.d1Trips++
    counts.d1Statements += all.length
    for (const { meta } of all) {
      counts.d1Read += meta.rows_read
      counts.d1Written += meta.rows_written
      const key = this.fetcher ?? this
      byDatabase.set(key, (byDatabase.get(key) ?? 0) + meta.rows_written)
    }
    return answer
  }
}

const realFetch = globalThis.fetch
globalThis.fetch = (...given: Parameters<typeof fetch>) => {
  counts.pushes++
  return realFetch(...given)
}

class Counting extends ChallengeCoordinator {
  constructor(ctx: DurableObjectState, env: Env) {
    watchStorage(ctx.storage)
    watchD1(env)
    super(ctx, env)
  }
}
const methods = Counting.prototype as unknown as Record<
  string,
  (...given: unknown[]) => Promise<unknown>
>
const inherited = Object.getPrototypeOf(methods) as typeof methods
for (const name of Object.getOwnPropertyNames(inherited)) {
  const descriptor = Object.getOwnPropertyDescriptor(inherited, name)
  // Alarms ring by the clock and not by logins: how many, prices.ts assumes.
  if (['constructor', 'alarm'].includes(name) || typeof descriptor?.value !== 'function') continue
  const method = inherited[name]!
  methods[name] = async function (this: unknown, ...given) {
    counts.objectCalls++
    const startedAt = Date.now()
    try {
      return await method.apply(this, given)
    } finally {
      if (name !== 'wait') counts.objectMs += Date.now() - startedAt
    }
  }
}
export { Counting as ChallengeCoordinator }

export default {
  ...ours,
  fetch(request: Request, env: Env, context: ExecutionContext) {
    watchD1(env)
    if (new URL(request.url).pathname === '/bench/counts') {
      settle()
      const { rowsRead: objectRead, rowsWritten: objectWritten } = past
      return Response.json({ ...counts, objectRead, objectWritten, d1: [...byDatabase.values()] })
    }
    counts.requests++
    return ours.fetch(request, env, context)
  },
}
