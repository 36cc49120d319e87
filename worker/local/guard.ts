/**
 * A small process beside the server that outlives it by a moment. It holds the exclusive lock on the state folder and
 * knows the runtime's process: when the server is gone, however it went, it ends the runtime and only then lets go.
 * Without it, kill -9 of the server would leave workerd running, and a second workerd on one folder corrupts both.
 *
 * Started by lock.ts with the folder and the address as arguments; speaks by process messages.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeExclusively } from './exclusive.ts'

export type Holder = { pid: number; since: string; address: string }
export type GuardReport = { held: true } | { held: false; by: Holder | null }
/** The processes to end before the lock is let go. */
export type GuardTask = { runtime: number }

const patienceMs = 5000

if (import.meta.main) await main(process.argv[2]!, process.argv[3]!)

async function main(folder: string, address: string): Promise<void> {
  // Ctrl-C reaches everyone in the terminal's group; this process goes when the server has gone.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const noted = join(folder, 'holder.json')
  const letGo = await take(join(folder, 'lock.sqlite'), noted)
  if (!letGo) {
    const report: GuardReport = { held: false, by: readHolder(noted) }
    process.send!(report, () => process.disconnect())
    return
  }
  const holder: Holder = { pid: process.ppid, since: new Date().toISOString(), address }
  writeFileSync(noted, `${JSON.stringify(holder)}\n`)
  const runtimes = new Set<number>()
  process.on('message', (task: GuardTask) => runtimes.add(task.runtime))
  process.on('disconnect', async () => {
    for (const pid of runtimes) await end(pid)
    rmSync(noted, { force: true })
    letGo()
    process.exit(0)
  })
  process.send!({ held: true } satisfies GuardReport)
}

/** A holder that lives is not waited for; one that was killed is, until its guard has ended its runtime. */
function take(path: string, noted: string): Promise<(() => void) | null> {
  const giveUpAt = Date.now() + patienceMs
  return takeExclusively(path, () => {
    const holder = readHolder(noted)
    return (holder !== null && isAlive(holder.pid)) || Date.now() > giveUpAt
  })
}

function readHolder(noted: string): Holder | null {
  try {
    return JSON.parse(readFileSync(noted, 'utf8')) as Holder
  } catch {
    return null
  }
}

/** A process that has ended but whose new parent has not taken note (PID 1 of many containers) touches nothing more. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function isZombie(pid: number): boolean {
  const status = `/proc/${pid}/stat`
  return existsSync(status) && /\) [ZX] /.test(readFileSync(status, 'utf8'))
}

async function end(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    return
  }
  for (const giveUpAt = Date.now() + patienceMs; isAlive(pid) && Date.now() < giveUpAt;)
    await pause(10)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
