/** Runs a command of wrangler. What it says goes to the terminal; what it answers as data comes back as well. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Ran } from './deploy-steps.ts'
import { projectRoot } from './paths.ts'

export function runWrangler(args: string[]): Promise<Ran> {
  const wrangler = join(projectRoot, 'node_modules/wrangler/bin/wrangler.js')
  const child = spawn(process.execPath, [wrangler, ...args], {
    cwd: projectRoot,
    stdio: ['inherit', 'pipe', 'inherit'],
  })
  let stdout = ''
  const quiet = args.includes('--json') || args[0] === 'secret'
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    if (!quiet) process.stdout.write(chunk)
  })
  return new Promise((done) => child.on('close', (code) => done({ code: code ?? 1, stdout })))
}
