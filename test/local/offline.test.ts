/** A second start makes no network connection: watched by strace, and done in a world without a network. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { descendants, endAll, freshState, run, startCommand } from './command.ts'

const { state, remove } = freshState()
const trace = join(state, 'trace')
const env = { COUNTERSIGN_STATE: join(state, 'data') }

function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const canTrace = works('strace', '-f', '-o', '/dev/null', 'true')
const canCutOff = works('unshare', '-n', 'true')
if (!canTrace) console.log('strace is not here: whether a second start connects is not watched.')
if (!canCutOff) console.log('unshare -n is not allowed here: no start without a network.')

beforeAll(async () => {
  const first = run(['npm', 'start'], env)
  await first.printed(/Ctrl-C ends it/)
  first.signalGroup('SIGINT')
  await first.exited
})
afterAll(async () => {
  await endAll(state)
  remove()
})

/** Addresses of every `connect` that leaves the machine's own loopback, name look-ups included. */
function strangers(log: string): string[] {
  return log
    .split('\n')
    .filter((line) => /connect\(\d+, \{sa_family=AF_INET/.test(line))
    .filter(
      (line) =>
        !/inet_addr\("127\.|inet_pton\(AF_INET6, "::1"/.test(line) || /htons\(53\)/.test(line),
    )
}

describe('a second start', () => {
  it.runIf(canTrace)('connects to nothing but itself', { timeout: 120_000 }, async () => {
    const flags = ['-f', '-e', 'trace=connect', '-o', trace]
    const traced = run(['strace', ...flags, 'npm', 'start'], env)
    await traced.printed(/Ctrl-C ends it/)
    traced.signalGroup('SIGINT')
    await traced.exited
    const log = readFileSync(trace, 'utf8')
    expect(log).toMatch(/connect\(\d+, \{sa_family=AF_INET.*127\.0\.0\.1/)
    expect(strangers(log)).toEqual([])
  })

  it.runIf(canTrace)('would be caught if it did', () => {
    const script = "require('net').connect(9, '192.0.2.1').on('error', () => {}).unref()"
    execFileSync('strace', [
      '-f',
      '-e',
      'trace=connect',
      '-o',
      trace,
      process.execPath,
      '-e',
      script,
    ])
    expect(strangers(readFileSync(trace, 'utf8'))).toHaveLength(1)
    rmSync(trace)
  })

  it.runIf(canCutOff)('works where there is no network', async () => {
    const inside = `ip link set lo up 2>/dev/null; exec ${startCommand.join(' ')}`
    const cutOff = run(['unshare', '-n', 'sh', '-c', inside], env)
    await cutOff.printed(/Ctrl-C ends it/)
    expect(descendants(cutOff.child.pid!).length).toBeGreaterThan(0)
    cutOff.signalGroup('SIGINT')
    expect((await cutOff.exited).code).toBe(0)
  })
})
