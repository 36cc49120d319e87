/**
 * Runs the bundled worker on workerd by miniflare's own API. Requests reach the worker by a direct socket: miniflare's
 * own entry would cost more than half of the speed and make up a place for each visitor.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  Log,
  LogLevel,
  Miniflare,
  type Request,
  type Response,
  convertV4MiniflareOptions,
} from 'miniflare'
import { bindingOf } from './bindings.ts'
import { projectRoot } from './paths.ts'
import { type WorkerOptions, workerOptions } from './worker-options.ts'

export type LogEntry = { level: string; message: string }
export type RuntimeOptions = {
  host: string
  port: number
  /** How many D1 databases, beside those that wrangler.toml binds. */
  databases: number
  /** Folder for D1, objects and caches. */
  storage: string
  script: string
  bindings: Record<string, string>
  /** Added to workerd's environment. What NODE_EXTRA_CA_CERTS names, miniflare reads from Node's own. */
  environment: Record<string, string>
  /** Answers what the worker fetches from elsewhere. Where it is absent, the network does. */
  outboundService?: (request: Request) => Response | Promise<Response>
  log: (entry: LogEntry) => void
  /** Each workerd that is started: a crashed one is replaced. */
  onProcess: (pid: number) => void
}
export type Runtime = {
  /** DB is 0, DB_1 is 1. */
  d1(database?: number): Promise<D1Database>
  /** Runs the scheduled handler once. */
  tick(): Promise<void>
  stop(): Promise<void>
  /** As a power cut: workerd gets no chance to finish anything. */
  kill(): Promise<void>
}

const workerName = 'countersign'

export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const processes = watchProcesses(options.onProcess)
  let stopping = false
  // Ctrl-C reaches workerd as well; that it then ends is no news.
  const log: typeof options.log = (entry) => stopping || options.log(entry)
  const written = await workerOptions()
  const given = convertV4MiniflareOptions(miniflareOptions(written, { ...options, log }))
  const miniflare = processes.within(() => new Miniflare(given))
  try {
    await miniflare.ready
  } catch (error) {
    processes.stop()
    await miniflare.dispose().catch(() => {})
    throw error
  }
  const stop = async () => {
    stopping = true
    processes.stop()
    await miniflare.dispose()
  }
  return {
    d1: (database = 0) =>
      miniflare.getD1Database(
        bindingOf(database),
        workerName,
      ) as Promise<unknown> as Promise<D1Database>,
    async tick() {
      const worker = await miniflare.getWorker(workerName)
      await worker.scheduled({ cron: '* * * * *', scheduledTime: new Date() })
    },
    stop,
    async kill() {
      processes.killAll()
      await stop()
    },
  }
}

type Databases = Record<string, { id: string }>

/** Each is a file of its own, under the name that it keeps. */
const furtherDatabases = (databases: number): Databases =>
  Object.fromEntries(
    Array.from({ length: databases - 1 }, (_, at) => [
      bindingOf(at + 1),
      { id: `countersign-${at + 1}` },
    ]),
  )

/**
 * The worker under a second name. Before the one of the first name miniflare puts two workers of its own, which ask whether a request
 * is for a static file; ours asks for those itself (`run_worker_first`). They took half of the CPU of a poll.
 */
const direct = `export * from './index.js'
export { default, default as direct } from './index.js'`

function miniflareOptions(written: WorkerOptions, options: RuntimeOptions) {
  const { host, port, log } = options
  return {
    host: '127.0.0.1',
    port: 0,
    cf: false,
    telemetry: { enabled: false },
    logRequests: false,
    log: new SinkLog(log),
    handleStructuredLogs: ({ level, message }: LogEntry) => log({ level, message }),
    resourcePersistencePath: options.storage,
    unsafeRuntimeEnv: options.environment,
    workers: [
      {
        ...written,
        name: workerName,
        rootPath: projectRoot,
        modules: [
          { type: 'ESModule' as const, path: 'direct.js', contents: direct },
          { type: 'ESModule' as const, path: 'index.js', contents: options.script },
        ],
        bindings: {
          ...(written.bindings as RuntimeOptions['bindings']),
          ...options.bindings,
        },
        d1Databases: {
          ...furtherDatabases(options.databases),
          ...(written.d1Databases as Databases),
        },
        unsafeDirectSockets: [{ host, port, entrypoint: 'direct' }],
        ...(options.outboundService && { outboundService: options.outboundService }),
      },
    ],
  }
}

/** Whose process it is: of two runtimes in one process neither may end the other's. */
const startedBy = new AsyncLocalStorage<ReadonlySet<ChildProcess>>()

/** miniflare does not say which process it starts; Node does. */
function watchProcesses(onProcess: (pid: number) => void) {
  const children = new Set<ChildProcess>()
  const seen = (message: unknown) => {
    if (startedBy.getStore() !== children) return
    const { process: child } = message as { process: ChildProcess }
    child.once('spawn', () => {
      if (!/workerd(\.exe)?$/.test(child.spawnfile)) return
      children.add(child)
      child.once('exit', () => children.delete(child))
      onProcess(child.pid!)
    })
  }
  subscribe('child_process', seen)
  return {
    within: <T>(work: () => T): T => startedBy.run(children, work),
    stop: () => void unsubscribe('child_process', seen),
    killAll: () => children.forEach((child) => child.kill('SIGKILL')),
  }
}

class SinkLog extends Log {
  readonly #sink: (entry: LogEntry) => void
  constructor(sink: (entry: LogEntry) => void) {
    super(LogLevel.WARN)
    this.#sink = sink
  }
  override log(message: string): void {
    this.#sink({ level: 'warn', message })
  }
}
