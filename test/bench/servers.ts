/** Both servers of a run, each a workerd of its own: ours as `npm start` has it, and the floor with the same options. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '../../worker/local/bundle.ts'
import { startRuntime } from '../../worker/local/runtime.ts'
import { type ServeOptions, type Server, serve } from '../../worker/local/serve.ts'

export type Running = {
  url: string
  /** Seconds of CPU that its workerd has used so far. */
  cpuSeconds(): number
  residentBytes(): number
  d1(): Promise<D1Database>
  stop(): Promise<void>
}
export type Ours = Running & { server: Server }

const floorEntry = fileURLToPath(new URL('floor/worker.ts', import.meta.url))

/** @param options.state holds the store that store.ts has made. */
export async function startOurs(options: ServeOptions): Promise<Ours> {
  const { given: server, pid } = await withPid(() => serve(options))
  return {
    ...figuresOf(pid),
    url: server.listensAt,
    server,
    d1: () => server.d1(),
    stop: server.stop,
  }
}

export async function startFloor(port: number, storage: string): Promise<Running> {
  const script = await bundle(floorEntry)
  const { given: runtime, pid } = await withPid(() =>
    startRuntime({
      host: '127.0.0.1',
      port,
      databases: 1,
      storage,
      script,
      bindings: {},
      environment: {},
      log: ({ message }) => console.log(`floor: ${message}`),
      onProcess: () => {},
    }),
  )
  return {
    ...figuresOf(pid),
    url: `http://127.0.0.1:${port}`,
    d1: () => runtime.d1(),
    stop: runtime.stop,
  }
}

/** The workerd that `start` has started: the only one of ours that was not there before. */
async function withPid<T>(start: () => Promise<T>): Promise<{ given: T; pid: number }> {
  const before = new Set(workerds())
  const given = await start()
  const [pid] = workerds().filter((one) => !before.has(one))
  if (pid === undefined) throw new Error('no workerd was started')
  return { given, pid }
}

/** Children of this process, by /proc: Linux. */
function workerds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = statOf(pid)
      return stat?.name === 'workerd' && stat.parent === process.pid
    })
}

/** proc(5): the name stands in parentheses and may hold anything, so the fields are counted from behind it. */
function statOf(pid: number) {
  try {
    const text = readFileSync(join('/proc', `${pid}`, 'stat'), 'utf8')
    const [, name, rest = ''] = /\((.*)\) (.*)/s.exec(text) ?? []
    const fields = rest.split(' ')
    return { name, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
  } catch {
    return null
  }
}

const ticksPerSecond = 100

const figuresOf = (pid: number) => ({
  cpuSeconds: () => (statOf(pid)?.ticks ?? 0) / ticksPerSecond,
  residentBytes: () => {
    const status = readFileSync(join('/proc', `${pid}`, 'status'), 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024
  },
})
