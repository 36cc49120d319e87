/**
 * Countersign on one machine: the worker on workerd, D1 and the objects in a folder of their own. `npm start` calls it
 * through start.ts; tests call it directly. What it starts, `stop()` ends.
 */
import { join } from 'node:path'
import { type Bindings, bindingsOf, isAtHome } from './bindings.ts'
import { bundleWorker } from './bundle.ts'
import { startCron } from './cron.ts'
import { type Keys, keepKeys } from './keys.ts'
import { type FolderLock, lockFolder } from './lock.ts'
import { migrate } from './migrate.ts'
import './paths.ts'
import { freePort } from './port.ts'
import { administrator } from './provision.ts'
import { checkRoom, provision } from './provision-local.ts'
import type { LogEntry, Runtime, RuntimeOptions } from './runtime.ts'
import {
  Refusal,
  type Settings,
  defaultPublicUrl,
  listenAddress,
  readSettings,
} from './settings.ts'

export type ServeOptions = Partial<Settings> & {
  outboundService?: RuntimeOptions['outboundService']
  /** Over what settings and keys say, e.g. to leave one out. */
  bindings?: Bindings
  /** In place of our own bundle. */
  script?: string
  /** Of the workerd process. */
  environment?: Record<string, string>
  log?: (entry: LogEntry) => void
}

export type Server = {
  /** PUBLIC_URL: the origin that devices know. */
  url: string
  /** Where this machine reaches it. */
  listensAt: string
  port: number
  state: string
  keys: Keys
  /** The password only where this start made it. */
  administrator: { name: string; password: string | null }
  /** DB is 0, DB_1 is 1. */
  d1(database?: number): Promise<D1Database>
  /** Runs the scheduled handler once, as each full minute does. */
  tick(): Promise<void>
  stop(): Promise<void>
  /** SIGKILLs workerd; the same folder can be served again afterwards. */
  kill(): Promise<void>
  /** Resolves where the state folder is no longer ours: the server must stop. */
  lost: Promise<void>
}

/** @throws Refusal where what was asked for cannot be. */
export async function serve(options: ServeOptions = {}): Promise<Server> {
  const settings: Settings = { ...readSettings({}), ...options }
  for (let tries = anyPortTries; ; tries--) {
    try {
      return await serveOn(options, settings)
    } catch (error) {
      // Where any port will do, another program may take the one that was free a moment ago.
      const taken = (error as { code?: string }).code === 'ERR_ADDRESS_IN_USE'
      if (!taken || settings.port !== 0 || tries === 0) throw error
    }
  }
}

const anyPortTries = 3

async function serveOn(options: ServeOptions, settings: Settings): Promise<Server> {
  const port = await freePort(settings.host, settings.port)
  const publicUrl = settings.publicUrl ?? defaultPublicUrl(settings.host, port)
  const lock = await lockFolder(settings.state, publicUrl)
  try {
    return await serveFrom(lock, { ...options, ...settings, port, publicUrl })
  } catch (error) {
    await lock.release()
    throw error
  }
}

type Decided = ServeOptions & Settings & { publicUrl: string }

async function serveFrom(lock: FolderLock, options: Decided): Promise<Server> {
  const { host, port, state, publicUrl } = options
  const log = options.log ?? (() => {})
  const keys = await keepKeys(join(state, 'keys'))
  const bindings = { ...bindingsOf(options, publicUrl, keys), ...options.bindings }
  // miniflare and wrangler: not for whoever is refused the port or the folder.
  const { startRuntime } = await import('./runtime.ts')
  const runtime = await startRuntime({
    host,
    port,
    databases: options.databases,
    storage: join(state, 'storage'),
    script: options.script ?? (await bundleWorker()),
    bindings,
    environment: options.environment ?? {},
    ...(options.outboundService && { outboundService: options.outboundService }),
    log,
    onProcess: lock.guard,
  })
  const listensAt = listenAddress(host, port)
  try {
    const password = await prepare(runtime, keys, options, listensAt)
    const stopCron = startCron(() => ranQuietly(runtime, log))
    const end = async (endRuntime: () => Promise<void>) => {
      stopCron()
      await endRuntime()
      await lock.release()
    }
    return {
      url: publicUrl,
      listensAt,
      port,
      state,
      keys,
      administrator: { name: administrator, password },
      d1: runtime.d1,
      tick: runtime.tick,
      stop: () => end(runtime.stop),
      kill: () => end(runtime.kill),
      lost: lock.lost,
    }
  } catch (error) {
    await runtime.stop()
    throw error
  }
}

/** Brings the databases up to date and waits until the worker says that it can work. */
async function prepare(runtime: Runtime, keys: Keys, options: Decided, listensAt: string) {
  const database = await runtime.d1()
  await migrate(database)
  await checkRoom(database, options.databases)
  for (let further = 1; further < options.databases; further++)
    await migrate(await runtime.d1(further))
  const tryIt = isAtHome(options.host, options.publicUrl)
  const issuer = options.bindings?.ISSUER ?? 'Countersign'
  const password = await provision(database, {
    issuer,
    keys,
    password: options.adminPassword,
    tryIt,
  })
  const ready = await fetch(`${listensAt}/healthz/readyz`)
  if (!ready.ok) throw new Refusal(`The worker is not ready: ${ready.status} ${await ready.text()}`)
  return password
}

async function ranQuietly(runtime: Runtime, log: (entry: LogEntry) => void): Promise<void> {
  try {
    await runtime.tick()
  } catch (error) {
    log({ level: 'error', message: `The minute's work failed: ${String(error)}` })
  }
}
