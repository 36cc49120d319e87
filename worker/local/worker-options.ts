/** What wrangler.toml says, in miniflare's words and by wrangler's own reading: a second of CPU, so only where something has changed. */
import { readdir } from 'node:fs/promises'
import type { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { kept } from './kept.ts'
import { projectRoot, wranglerToml } from './paths.ts'

export type WorkerOptions = ReturnType<typeof unstable_getMiniflareWorkerOptions>['workerOptions']

export async function workerOptions(): Promise<WorkerOptions> {
  // wrangler takes a developer's own variables along, which may be secrets: those are read each time and kept nowhere.
  const text = (await hasOwnVariables())
    ? await read()
    : await kept('.read-wrangler.json', ['wrangler.toml', 'package-lock.json'], read)
  return JSON.parse(text) as WorkerOptions
}

async function hasOwnVariables(): Promise<boolean> {
  const names = await readdir(projectRoot)
  const fromProcess = process.env['CLOUDFLARE_INCLUDE_PROCESS_ENV'] !== undefined
  return fromProcess || names.some((name) => /^\.(dev\.vars|env)(\.|$)/.test(name))
}

async function read(): Promise<string> {
  const wrangler = await import('wrangler')
  return JSON.stringify(wrangler.unstable_getMiniflareWorkerOptions(wranglerToml).workerOptions)
}
