/** Where things are, and what this process must not do: miniflare and wrangler look nothing up and report nothing. */
import { fileURLToPath } from 'node:url'

/** Ends with a slash. */
export const projectRoot = fileURLToPath(new URL('../../', import.meta.url))
export const workerEntry = `${projectRoot}worker/index.ts`
export const wranglerToml = `${projectRoot}wrangler.toml`

process.env.CLOUDFLARE_CF_FETCH_ENABLED = 'false'
process.env.WRANGLER_SEND_METRICS = 'false'
