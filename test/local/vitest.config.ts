/** Tests of starting, stopping and deploying: real processes, one file after another, three tests of a file at once. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { exclude } from '../full.ts'

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/local/**/*.test.ts'],
    exclude,
    fileParallelism: false,
    maxConcurrency: 3,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
