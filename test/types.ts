/** Checks the types of every room against the world it runs in (`npm run types`). */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Node and shared · workerd · Node beside it · page · service worker · tests in Node · tests in workerd: the longest first. */
const projects = [
  'test/worker/tsconfig.json',
  'worker/tsconfig.json',
  'test/tsconfig.json',
  'worker/local/tsconfig.json',
  'tsconfig.json',
  'pwa/tsconfig.json',
  'pwa/tsconfig.sw.json',
]

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
const compiler = fromRoot('node_modules/typescript/bin/tsc')

/**
 * In one thread each, for several work out the same types each for itself. What was found is kept beside the modules, with a digest
 * of all that was read: a later check begins with what has changed since.
 */
function check(project: string): Promise<boolean> {
  const kept = fromRoot(`node_modules/.cache/types/${project.replaceAll('/', '-')}`)
  const flags = ['--singleThreaded', '--incremental', '--tsBuildInfoFile', kept]
  const child = spawn(process.execPath, [compiler, '-p', project, ...flags], {
    cwd: fromRoot('.'),
    stdio: 'inherit',
  })
  return new Promise((resolve) => child.on('exit', (code) => resolve(code === 0)))
}

let good = true
async function checkNext(): Promise<void> {
  for (let next = projects.shift(); next; next = projects.shift())
    good = (await check(next)) && good
}
// Two side by side, as there are cores.
await Promise.all([checkNext(), checkNext()])
process.exitCode = good ? 0 : 1
