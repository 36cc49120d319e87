/** Starts our commands as a person does, in a process group of their own, and looks at what they leave behind. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url))
export const startCommand = [process.execPath, 'worker/local/start.ts']
export const password = 'correct horse battery staple'

export type Running = {
  /** The state folder it was given. */
  state: string | undefined
  child: ChildProcess
  /** What it has printed so far, errors included. */
  output(): string
  /** Resolves when it has printed a line that matches. */
  printed(line: RegExp): Promise<RegExpExecArray>
  exited: Promise<{ code: number | null; output: string }>
  /** As a terminal does it: to everyone in the group. */
  signalGroup(signal: NodeJS.Signals): void
}

type Env = Record<string, string>
const running = new Set<Running>()

/** Nothing of the caller's own settings, and no trace of the npm that runs the tests. */
function environment(env: Env): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_|^(HOST|PORT|PUBLIC_URL|PUSH_HOSTS|TRAIL_SECONDS|TRUSTED_PROXIES|COUNTERSIGN_.*)$/.test(
        name,
      ),
  )
  const PATH = [join(projectRoot, 'node_modules/.bin'), process.env.PATH].join(delimiter)
  return { ...Object.fromEntries(own), PORT: '0', ...env, PATH }
}

export function run([command = '', ...args]: string[], env: Env): Running {
  const child = spawn(command, args, {
    cwd: projectRoot,
    env: environment(env),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, output })),
  )
  const started: Running = {
    state: env.COUNTERSIGN_STATE,
    child,
    output: () => output,
    printed: (line) => awaited(line, () => output, exited),
    exited,
    signalGroup: (signal) => process.kill(-child.pid!, signal),
  }
  running.add(started)
  void exited.then(() => running.delete(started))
  return started
}

async function awaited(line: RegExp, output: () => string, exited: Promise<unknown>) {
  let ended = false
  void exited.then(() => (ended = true))
  for (;;) {
    const match = line.exec(output())
    if (match) return match
    if (ended) throw new Error(`ended without printing ${line}:\n${output()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Ends what a test left running on its folder. */
export async function endAll(state: string): Promise<void> {
  for (const started of running) {
    if (!started.state?.startsWith(state)) continue
    try {
      started.signalGroup('SIGKILL')
    } catch {
      // It has just gone by itself.
    }
    await started.exited
  }
}

export function freshState(): { state: string; remove: () => void } {
  const state = mkdtempSync(join(tmpdir(), 'countersign-state-'))
  return { state, remove: () => rmSync(state, { recursive: true, force: true }) }
}

/** Every process below this one, by `ps`: pid and what it runs. */
export function descendants(pid: number): { pid: number; command: string }[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
  const all = lines.split('\n').map((line) => {
    const [, own, parent, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return { pid: Number(own), parent: Number(parent), command }
  })
  const below = (parent: number): typeof all =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)])
  return below(pid)
}

/** What has ended and only waits for its parent to take note is not alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    const status = `/proc/${pid}/stat`
    return !(existsSync(status) && /\) [ZX] /.test(readFileSync(status, 'utf8')))
  } catch {
    return false
  }
}

/** @returns those still there after `withinMs`. */
export async function stillAlive(pids: number[], withinMs = 5000): Promise<number[]> {
  for (const until = Date.now() + withinMs; Date.now() < until;) {
    if (!pids.some(isAlive)) return []
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return pids.filter(isAlive)
}
