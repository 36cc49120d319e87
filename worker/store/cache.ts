/**
 * What an isolate remembers of D1: settings, accounts, keys, applications, who a name or a serial is. All of it is forgotten when
 * the epoch moves, which is read once a second, or a little sooner; so a change is in force everywhere within a second.
 */
import { eq, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import { drizzle } from 'drizzle-orm/d1'
import { epochs } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { built } from './built.ts'

/** Nothing older is used. The first who comes after `askAfterMs` asks, and whoever comes meanwhile need not: a hundred at once would ask a hundred times. */
const lastsMs = 1000
const askAfterMs = 750
/** An isolate has 128 MiB; an entry has some hundred bytes. */
const entriesKept = 20_000
const epochName = 'policy'

/** askedAtMs: by the latest who asks; a check that has come back was asked for at checkedAtMs. */
type Cache = {
  epoch: number
  askedAtMs: number
  checkedAtMs: number
  entries: Map<string, unknown>
}
/** Each database has an epoch of its own. */
const caches = new WeakMap<D1Database, Cache>()

/** @returns what `load` found, remembered under `key`. `null` is not remembered: what is missing may be made any moment. */
export async function remembered<T>(
  context: Context,
  key: string,
  load: () => Promise<T | null>,
): Promise<T | null> {
  const cache = cacheOf(context)
  if (isOld(context, cache)) await check(context, cache)
  const known = cache.entries.get(key)
  if (known !== undefined) return known as T
  const { epoch } = cache
  const loaded = await load()
  // Where the epoch moved meanwhile, this may be what was before.
  if (loaded !== null && epoch === cache.epoch) {
    if (cache.entries.size >= entriesKept) cache.entries.clear()
    cache.entries.set(key, loaded)
  }
  return loaded
}

/** As `remembered`, but no longer than so many seconds: of what changes elsewhere, nobody tells us. */
export async function rememberedFor<T>(
  context: Context,
  key: string,
  seconds: number,
  load: () => Promise<T | null>,
): Promise<T | null> {
  if (seconds === 0) return load()
  const nowMs = context.nowMs()
  const lasting = async () => {
    const value = await load()
    return value === null ? null : { value, fromMs: nowMs }
  }
  const known = await remembered(context, key, lasting)
  if (known === null) return null
  const ageMs = nowMs - known.fromMs
  if (ageMs >= 0 && ageMs < seconds * 1000) return known.value
  caches.get(context.db)?.entries.delete(key)
  return (await remembered(context, key, lasting))?.value ?? null
}

/**
 * Commits changes of anything remembered here together with the new epoch: none is made and not heard of.
 * @returns what each change returned.
 */
export async function forgetWith(
  context: Context,
  changes: BatchItem<'sqlite'>[],
): Promise<unknown[]> {
  const db = drizzle(context.db)
  const moved = db
    .insert(epochs)
    .values({ name: epochName, value: 1 })
    .onConflictDoUpdate({ target: epochs.name, set: { value: sql`${epochs.value} + 1` } })
  const [, ...returned] = await db.batch([moved, ...changes])
  caches.delete(context.db)
  return returned
}

/** As `forgetWith`, for one change that returns its rows. @returns whether there was any. */
export async function forgetIfAny(context: Context, change: BatchItem<'sqlite'>): Promise<boolean> {
  const [rows] = (await forgetWith(context, [change])) as [unknown[]]
  return rows.length > 0
}

/** After a change that was committed by itself. */
export const forget = (context: Context): Promise<unknown> => forgetWith(context, [])

function cacheOf(context: Context): Cache {
  let cache = caches.get(context.db)
  if (!cache) {
    cache = { epoch: -1, askedAtMs: -Infinity, checkedAtMs: -Infinity, entries: new Map() }
    caches.set(context.db, cache)
  }
  return cache
}

function isOld(context: Context, cache: Cache): boolean {
  const agoMs = context.nowMs() - cache.checkedAtMs
  // Nobody awaits another's check: a promise of another request dies with that request.
  const isAsked = cache.askedAtMs > cache.checkedAtMs
  // A clock that was set back would else keep what is remembered until it has caught up.
  return agoMs < 0 || agoMs >= lastsMs || (agoMs >= askAfterMs && !isAsked)
}

/** Asked by every isolate, all the time. */
const epochIn = built((db) =>
  drizzle(db).select().from(epochs).where(eq(epochs.name, epochName)).prepare(),
)

async function check(context: Context, cache: Cache): Promise<void> {
  const checkedAtMs = context.nowMs()
  cache.askedAtMs = checkedAtMs
  const [row] = await epochIn(context.db).execute()
  const epoch = row?.value ?? 0
  if (epoch !== cache.epoch) cache.entries.clear()
  cache.epoch = epoch
  cache.checkedAtMs = checkedAtMs
}
