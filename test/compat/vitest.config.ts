/** Tests that do what privacyIDEA's plugins do, against two real servers that all files share: plain, and hardened. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { exclude } from '../full.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: here('../..'),
  test: {
    include: ['test/compat/**/*.test.ts'],
    exclude,
    globalSetup: [here('servers.ts')],
    maxWorkers: 2,
    // A worker reads all that speaks with the servers once, and not for each file.
    isolate: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
