/** What wrangler.toml says, in miniflare's words and by wrangler's own reading: a second of CPU, so only where something has changed. */
import type { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { kept } from './kept.ts'
import { wranglerToml } from './paths.ts'

export type WorkerOptions = ReturnType<typeof unstable_getMiniflareWorkerOptions>['workerOptions']

export async function workerOptions(): Promise<WorkerOptions> {
  const text = await kept('.read-wrangler.json', ['wrangler.toml', 'package-lock.json'], read)
  return JSON.parse(text) as WorkerOptions
}

async function read(): Promise<string> {
  const wrangler = await import('wrangler')
  return JSON.stringify(wrangler.unstable_getMiniflareWorkerOptions(wranglerToml).workerOptions)
}
