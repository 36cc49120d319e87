/** Tests inside workerd: the bindings of wrangler.toml, keys made for this run, a database with every migration. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { fileURLToPath } from 'node:url'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { bindingsOf } from '../../worker/local/bindings.ts'
import { keepKeys } from '../../worker/local/keys.ts'
import { asOne } from './as-one.ts'
import { network } from './network.ts'
import { exclude, isFull } from '../full.ts'

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
export const publicUrl = 'https://sign.example.org'

/** Of several hundred modules each: read as one. What is missing here only takes longer. */
const libraries = [
  '@noble/hashes/argon2.js',
  '@rgrove/parse-xml',
  '@simplewebauthn/server',
  'drizzle-orm',
  'drizzle-orm/d1',
  'drizzle-orm/sqlite-core',
  'hono',
  'hono/body-limit',
  'hono/route',
  'jose',
  'uqr',
  'valibot',
]

export default defineConfig(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-keys-'))
  const keys = await keepKeys(join(folder, 'keys'))
  await rm(folder, { recursive: true })
  // An application of the tests is told there how its requests went (ciba.test.ts, webhooks.test.ts).
  const settings = {
    host: '0.0.0.0',
    trustedProxies: '',
    pushHosts: 'shop.example.org,hooks.example.net',
    // At once: what is gathered, and how long, bill.test.ts and trail.test.ts show.
    trailSeconds: 0,
  }
  return {
    root: fromRoot('.'),
    plugins: [
      // APART shows a failure in the file where it was written, and takes longer.
      ...(env.APART ? [] : [await asOne(fromRoot('.'))]),
      cloudflareTest({
        wrangler: { configPath: fromRoot('wrangler.toml') },
        miniflare: {
          // A second database. Tests use it where they say so: test/worker/deployment.ts.
          d1Databases: { DB_1: 'countersign-1' },
          outboundService: network(),
          r2Buckets: ['ARCHIVE'],
          bindings: {
            ...bindingsOf(settings, publicUrl, keys),
            // FUZZ and FUZZ_SEED say how many and which; a seed is in every failure.
            TEST_FUZZ: {
              requests: env.FUZZ ?? (isFull ? '20000' : '300'),
              seed: env.FUZZ_SEED ?? '',
            },
            TEST_FULL: isFull ? 'yes' : '',
            TEST_MIGRATIONS: await readD1Migrations(fromRoot('schema/migrations')),
          },
        },
      }),
    ],
    test: {
      include: ['test/worker/**/*.test.ts'],
      exclude,
      setupFiles: [fromRoot('test/worker/setup.ts')],
      testTimeout: 180_000,
      hookTimeout: 180_000,
      // Two workerds that take one file after another: starting one, and reading all modules, costs more than most files do.
      // Nothing passes from file to file: setup.ts, stores.ts.
      isolate: false,
      maxWorkers: 2,
      deps: { optimizer: { ssr: { enabled: true, include: libraries } } },
    },
  }
})
