/**
 * `npm test`: every short suite, two lanes side by side, because two cores are shared.
 * Says how long each took, shows the output of what failed, and ends with one line: `N passed, N failed`. `--full` runs the long forms.
 */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { freemem, tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { provide } from './provide.ts'

type Count = { passed: number; failed: number; skipped: number }
type Suite = { name: string; command: string[]; vitest?: true; env?: Record<string, string> }

const root = fileURLToPath(new URL('..', import.meta.url))
const full = process.argv.includes('--full')
const file = (path: string) => join(root, path)

const temporary = mkdtempSync(join(quickest(), 'countersign-test-'))
// Servers that tests start go on as users of their own.
chmodSync(temporary, 0o755)
// Whatever ends it: what stays behind may be memory.
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(1))

const vitest = (name: string, config: string): Suite => ({
  name,
  command: [file('node_modules/vitest/vitest.mjs'), 'run', '--config', config],
  vitest: true,
  ...(full && { env: { COUNTERSIGN_TEST: 'full' } }),
})

/** Lanes run side by side, in a lane one suite after another. */
const checks: Suite[][] = [
  [{ name: 'format', command: [file('node_modules/oxfmt/bin/oxfmt'), '--check'] }],
  [
    {
      name: 'lint',
      command: [file('node_modules/oxlint/bin/oxlint'), '--type-aware', '--deny-warnings'],
    },
    { name: 'build', command: [file('worker/local/build.ts')] },
    vitest('layout', 'test/vitest.config.ts'),
  ],
  [{ name: 'types', command: [file('test/types.ts')] }],
]
const servers: Suite[][] = [
  [
    vitest('worker', 'test/worker/vitest.config.ts'),
    vitest('compat', 'test/compat/vitest.config.ts'),
  ],
  [vitest('local', 'test/local/vitest.config.ts')],
]
/** They begin when the shorter of those lanes is through: browsers wait as much as they work. */
const browsers: Suite[] = [vitest('browser', 'test/browser/vitest.config.ts')]

const lines: string[] = []
function say(line: string): void {
  lines.push(line)
  console.log(line)
}

const total: Count = { passed: 0, failed: 0, skipped: 0 }
const leftOut = provide(console.log, full)
if (leftOut) console.log(leftOut)
await Promise.all(checks.map(carryOutLane))
const lanes = servers.map(carryOutLane)
await Promise.race(lanes)
await Promise.all([...lanes, carryOutLane(browsers)])
say(`${total.passed} passed, ${total.failed} failed`)
// Committed after each full run, so that anyone sees when the long forms last held.
if (full) writeFileSync(file('test/last-full-run.txt'), `${lines.join('\n')}\n`)
process.exitCode = total.failed ? 1 : 0

/** Databases and profiles come and go by thousands of files, each written to the disk: to memory, where there are gigabytes of it. */
function quickest(): string {
  const memory = '/dev/shm'
  try {
    const { bavail, bsize } = statfsSync(memory)
    if (bavail * bsize > 4 * 2 ** 30 && freemem() > 4 * 2 ** 30) return memory
  } catch {
    // Not on this system.
  }
  return tmpdir()
}

async function carryOutLane(lane: Suite[]): Promise<void> {
  for (const suite of lane) await carryOut(suite)
}

async function carryOut(suite: Suite): Promise<void> {
  const startedAt = performance.now()
  const { count, output, slowest } = await run(suite)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const skipped = count.skipped ? `, ${count.skipped} left out` : ''
  say(
    `${suite.name.padEnd(8)} ${seconds.padStart(6)} s   ${count.passed} passed, ${count.failed} failed${skipped}`,
  )
  if (slowest) console.log(`    ${slowest}`)
  if (count.failed) console.log(output.trimEnd().replace(/^/gm, '    '))
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += count[key]
}

async function run(suite: Suite): Promise<{ count: Count; output: string; slowest?: string }> {
  const report = join(temporary, `${suite.name}.json`)
  const flags = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { code, output } = await execute(suite, suite.vitest ? flags : [])
  const whole = { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
  if (!suite.vitest) return { count: whole, output }
  return { count: counted(report, code), output, slowest: slowestIn(report) }
}

type Report = { testResults: { name: string; startTime: number; endTime: number }[] }

/** Whoever wants the whole to be quicker begins with these. */
function slowestIn(report: string): string {
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
    return testResults
      .map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }))
      .toSorted((one, other) => other.seconds - one.seconds)
      .slice(0, 6)
      .map(({ name, seconds }) => `${basename(name, '.test.ts')} ${seconds.toFixed(0)} s`)
      .join(', ')
  } catch {
    return ''
  }
}

/** What vitest counted. A run that failed without a failed test (an unhandled error, no report) counts as one failure. */
function counted(report: string, code: number): Count {
  try {
    const read = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>
    const { numPassedTests: passed = 0, numFailedTests = 0, numPendingTests: skipped = 0 } = read
    return { passed, failed: numFailedTests || (code === 0 ? 0 : 1), skipped }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

function execute(suite: Suite, flags: string[]): Promise<{ code: number; output: string }> {
  const PATH = [file('node_modules/.bin'), process.env.PATH].join(delimiter)
  const child = spawn(process.execPath, [...suite.command, ...flags], {
    cwd: root,
    env: {
      ...process.env,
      NO_COLOR: '1',
      TMPDIR: temporary,
      // wrangler and miniflare are read by each process that starts a server.
      NODE_COMPILE_CACHE: file('node_modules/.cache/compiled'),
      ...suite.env,
      PATH,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? 1, output })))
}
