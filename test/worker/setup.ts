/**
 * Lets each test file begin as in a workerd of its own, though many share one: nothing stored, no module with a memory, nothing
 * spied on, the real clock; then gives it the tables it expects. Rows it makes itself. What the worker asks of D1 meanwhile is
 * held to its indexes.
 */
import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, expect, vi } from 'vitest'
import { readAtLarge, watchStatements } from './statements.ts'
import { closeStores, emptyStores, watchObjects } from './stores.ts'

vi.useRealTimers()
vi.restoreAllMocks()
await emptyStores()
vi.resetModules()
watchObjects()
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
await applyD1Migrations(env.DB_1!, env.TEST_MIGRATIONS)
watchStatements()

afterAll(async () => {
  closeStores()
  expect(await readAtLarge(), 'statements that read a large table at large').toEqual([])
})
