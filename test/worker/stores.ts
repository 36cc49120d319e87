/**
 * Takes away what a test file leaves in the workerd that the next one runs in too: its rows and objects, sleeping ones included,
 * and its hands on them. What it leaves in memory setup.ts takes away.
 */
import { reset, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

/** Kept for the runtime and not for a file: modules begin anew with each, and the namespace is watched once. */
const global = globalThis as { objectsMet?: Map<string, () => DurableObjectStub> }

/** Every object that is called from now on, whoever calls it. */
export function watchObjects(): void {
  if (global.objectsMet) return
  const met = (global.objectsMet = new Map<string, () => DurableObjectStub>())
  const namespace = Object.getPrototypeOf(env.COORDINATOR) as DurableObjectNamespace
  const { get } = namespace
  namespace.get = function (this: DurableObjectNamespace, id, ...given) {
    // A stub breaks with its object: to be woken, one is asked for anew.
    met.set(id.toString(), () => get.call(this, id))
    return get.call(this, id, ...given)
  }
}

/**
 * The runtime's `reset` empties what is awake, and nothing else: an object that nobody called for ten seconds keeps what it has,
 * D1 and R2 among them, which are objects. So all are woken first, and afterwards looked at.
 */
export async function emptyStores(): Promise<void> {
  const databases = [env.DB, env.DB_1!]
  const met = [...(global.objectsMet?.values() ?? [])]
  global.objectsMet?.clear()
  await Promise.all([
    ...databases.map((database) => database.prepare('select 1').run()),
    env.ARCHIVE!.head('anything'),
    // One that cannot be woken was never awake: it keeps nothing.
    ...met.map((stubOf) => runInDurableObject(stubOf(), () => undefined).catch(() => undefined)),
  ])
  await reset()
  for (const database of databases) {
    const left = await database
      .prepare("select name from sqlite_master where name not like '\\_cf%' escape '\\'")
      .all()
    if (left.results.length > 0)
      throw new Error('The database of an earlier test file is still there')
  }
  if ((await env.ARCHIVE!.list()).objects.length > 0)
    throw new Error('The archive of an earlier test file is still there')
}

let isOver = false

/** From now on nothing that the file left running reaches a store: those of the next file have the same names. */
export const closeStores = (): unknown => (isOver = true)

/** @throws once the file is over. */
export function mustBeOpen(): void {
  if (isOver) throw new Error('Called after its test file was over')
}
