/** Tests in real browsers against a real server, two files at a time: browsers mostly wait, and there are two cores. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { exclude } from '../full.ts'

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/browser/**/*.test.ts', 'test/journeys/**/*.test.ts'],
    exclude,
    maxWorkers: 2,
    // A worker reads all that drives browsers and servers once, which costs several seconds, and not for each file.
    isolate: false,
    testTimeout: 90_000,
    hookTimeout: 120_000,
  },
})
