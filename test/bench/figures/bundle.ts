/** The worker as it is uploaded: its size, and the CPU that workerd needs to read and run its modules before the first request. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler'
import { bundleForEdge } from '../../../worker/local/bundle.ts'
import { wranglerToml } from '../../../worker/local/paths.ts'
import { median, quantile } from '../load.ts'
import type { Findings } from '../report.ts'

const mustReach = { gzipBytes: 250_000, cpuMs: 50 }
const rounds = 15

/** The one that miniflare starts. */
const { default: workerd } = createRequire(import.meta.url)('workerd') as { default: string }

/** What every worker costs workerd: both are started in turns, and the difference is ours. */
const empty =
  'export class ChallengeCoordinator {}\nexport class ConnectorHub {}\nexport class Messenger {}\nexport default { fetch: () => new Response() }'

export async function bundle(): Promise<Findings> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bundle-'))
  try {
    const script = readFileSync(await bundleForEdge(folder), 'utf8')
    const gzipBytes = gzipSync(script).length
    const taken = { ours: [] as number[], empty: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      taken.ours.push(await startUpMs(folder, script))
      taken.empty.push(await startUpMs(folder, empty))
    }
    const cpuMs = median(taken.ours) - median(taken.empty)
    return {
      figures: [
        {
          name: 'the worker, gzip',
          mustReach: `at most ${mustReach.gzipBytes / 1000} kB`,
          measured: `${(gzipBytes / 1000).toFixed(1)} kB`,
          reached: gzipBytes <= mustReach.gzipBytes,
        },
        {
          name: 'CPU of its start',
          mustReach: `at most ${mustReach.cpuMs} ms`,
          measured: `${cpuMs.toFixed(1)} ms`,
          reached: cpuMs <= mustReach.cpuMs,
        },
      ],
      rows: Object.entries(taken).map(([worker, ms]) => ({
        worker,
        kB: (worker === 'ours' ? script : empty).length / 1000,
        'CPU ms': median(ms),
        'least ms': Math.min(...ms),
        'p90 ms': quantile(ms, 0.9),
      })),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * A workerd of its own, until it listens: by then it has compiled the module and run its top level. CPU, not time, so that a busy
 * machine changes little; that of all threads, the compiler's included.
 */
async function startUpMs(folder: string, script: string): Promise<number> {
  writeFileSync(join(folder, 'worker.js'), script)
  writeFileSync(join(folder, 'config.capnp'), config())
  const child = spawn(workerd, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<never>((_, reject) => {
    let said = ''
    child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code}: ${said}`)))
  })
  ended.catch(() => undefined)
  try {
    const control = child.stdio[3]!
    const listens = new Promise<void>((resolve) => control.once('data', () => resolve()))
    await Promise.race([listens, ended])
    return cpuMsOf(child.pid!)
  } finally {
    child.kill('SIGKILL')
    await ended.catch(() => undefined)
  }
}

function config(): string {
  const { compatibilityDate, compatibilityFlags } = workerOptionsOf(wranglerToml, '').workerOptions
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "index.js", esModule = embed "worker.js")],
    compatibilityDate = "${compatibilityDate}",
    compatibilityFlags = ${JSON.stringify(compatibilityFlags)},
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);`
}

/** Nanoseconds on a CPU, of each thread (Documentation/scheduler/sched-stats.rst). */
function cpuMsOf(pid: number): number {
  const tasks = join('/proc', `${pid}`, 'task')
  const ns = readdirSync(tasks).map((task) =>
    Number(readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ')[0]),
  )
  return ns.reduce((sum, one) => sum + one, 0) / 1e6
}
