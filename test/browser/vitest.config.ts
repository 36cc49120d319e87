/** Tests in real browsers against a real server, one file after another: two cores are shared by all of it. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { exclude } from '../full.ts'

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/browser/**/*.test.ts', 'test/journeys/**/*.test.ts'],
    exclude,
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 120_000,
  },
})
