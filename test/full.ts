/** Long forms (soak, fuzz, kills, Lighthouse) lie in files named `*.full.test.ts`: `npm run test:full` runs them too. */
import { defaultExclude } from 'vitest/config'

export const isFull = process.env.COUNTERSIGN_TEST === 'full'
export const exclude = isFull ? defaultExclude : [...defaultExclude, '**/*.full.test.ts']
