/** Builds pwa/ into dist/ with Vite, but only where something that goes into it changed since the last build. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from './digest.ts'
import { takeExclusively } from './exclusive.ts'
import { projectRoot } from './paths.ts'
import { Refusal } from './settings.ts'

const sources = ['pwa', 'schema', 'vite.config.ts', 'package.json', 'package-lock.json']
/** Outside dist/, which is published whole. */
const noted = join(projectRoot, 'node_modules/.built-pwa')

/** One build at a time: two at once would write into each other's dist/. @returns whether there was anything to do. */
export async function buildPwa(say: (line: string) => void): Promise<boolean> {
  if (await isBuilt()) return false
  const letGo = await takeExclusively(`${noted}.lock`, () => false)
  try {
    if (await isBuilt()) return false
    const digest = await digestOf(sources)
    say('Building the app …')
    await runVite()
    await writeFile(noted, digest)
    return true
  } finally {
    letGo?.()
  }
}

async function isBuilt(): Promise<boolean> {
  const last = await readFile(noted, 'utf8').catch(() => '')
  return existsSync(join(projectRoot, 'dist/app.html')) && last === (await digestOf(sources))
}

async function runVite(): Promise<void> {
  const vite = join(projectRoot, 'node_modules/vite/bin/vite.js')
  const child = spawn(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Refusal(`The app could not be built:\n${output}`)
}
