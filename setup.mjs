/**
 * Installs what is needed, once, then starts what it is asked to start: `node setup.mjs [file [argument…]]`.
 *
 * Plain JavaScript without dependencies, because it runs on whatever Node (20 or newer) the machine has; what it starts
 * runs on the Node 24 that the install brings. Where nothing changed since the last install, npm is not called at all.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('.', import.meta.url))
const noted = join(root, 'node_modules', '.installed')
const windows = process.platform === 'win32'
const ownNode = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node')
/** npm says when a person left: Ctrl-C reaches us directly, `kill` of npm does not. */
const startedByNpm = process.env.npm_lifecycle_event !== undefined

const [major] = process.versions.node.split('.').map(Number)
if (major < 20) fail(`Countersign needs Node 20 or newer; this is Node ${process.versions.node}.`)

if (!isInstalled()) await install()
const [file, ...args] = process.argv.slice(2)
if (file) await hand(ownNode, [file, ...args])

function wanted() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const platform = `${process.platform} ${process.arch}`
  return createHash('sha256').update(lock).update(platform).digest('hex')
}

function isInstalled() {
  return existsSync(noted) && existsSync(ownNode) && readFileSync(noted, 'utf8') === wanted()
}

/** npm's warnings about the machine's own Node are not shown: everything runs on the Node that is installed here. */
async function install() {
  const startedAt = Date.now()
  console.log(
    'Installing the packages Countersign is made with (about a minute, the first time only) …',
  )
  const dots = process.stdout.isTTY && setInterval(() => process.stdout.write('.'), 2000)
  const npm = ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error']
  // On Windows npm is a script, which only a shell runs.
  const code = windows
    ? await run(npm.join(' '), [], { shell: true })
    : await run(npm[0], npm.slice(1))
  if (dots) {
    clearInterval(dots)
    process.stdout.write('\n')
  }
  if (code !== 0) fail(`\`${npm.join(' ')}\` failed (see above). Is the npm registry reachable?`)
  if (!existsSync(ownNode)) {
    fail(
      'npm did not run the install script of the package "node". Run `npm rebuild node`, then start again.',
    )
  }
  writeFileSync(noted, wanted())
  console.log(`Installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`)
}

/** Runs to its end with our terminal; signals that we get, it gets; its exit code is ours. */
async function hand(command, args) {
  process.exit(await run(command, args, { passSignals: true }))
}

function run(command, args, { shell = false, passSignals = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', shell })
    if (passSignals) {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
        // A terminal sends Ctrl-C to the child as well: then it has it twice, and takes it once.
        process.on(signal, () => child.kill(signal))
      }
      if (startedByNpm) whenOrphaned(() => child.kill('SIGTERM'))
    }
    child.on('error', (error) => fail(`${command} could not be started: ${error.message}`))
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)))
  })
}

/** `kill` of npm ends npm's shell and nothing below it. */
function whenOrphaned(act) {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) act()
  }, 500).unref()
}

function fail(sentence) {
  console.error(sentence)
  process.exit(1)
}
