/** Checks the types of every room against the world it runs in (`npm run types`). */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Node and shared · workerd · Node beside it · page · service worker · tests in Node · tests in workerd. */
const projects = [
  'tsconfig.json',
  'worker/tsconfig.json',
  'worker/local/tsconfig.json',
  'pwa/tsconfig.json',
  'pwa/tsconfig.sw.json',
  'test/tsconfig.json',
  'test/worker/tsconfig.json',
]

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))

function check(project: string): Promise<boolean> {
  const child = spawn(process.execPath, [compiler, '-p', project], { cwd: root, stdio: 'inherit' })
  return new Promise((resolve) => child.on('exit', (code) => resolve(code === 0)))
}

let good = true
for (const project of projects) good = (await check(project)) && good
process.exitCode = good ? 0 : 1
