/** Tests that need neither workerd nor a browser: the layout, the lock file, the pinned vectors. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { exclude } from './full.ts'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/*.test.ts', 'test/vectors/**/*.test.ts'],
    exclude,
    // A shell is started for each example of the reference, and the machine may be busy.
    testTimeout: 30_000,
  },
})
