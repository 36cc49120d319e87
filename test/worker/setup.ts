/**
 * Lets each test file begin as in a workerd of its own, though many share one: nothing stored, no module with a memory, nothing
 * spied on, the real clock; then gives it the tables it expects. Rows it makes itself. What the worker asks of D1 meanwhile is
 * held to its indexes.
 */
import { env } from 'cloudflare:workers'
import { afterAll, expect, vi } from 'vitest'
import { readAtLarge, watchStatements } from './statements.ts'
import { closeStores, emptyStores, watchObjects } from './stores.ts'

vi.useRealTimers()
vi.restoreAllMocks()
await emptyStores()
vi.resetModules()
watchObjects()
await Promise.all([env.DB, env.DB_1!].map(makeTables))
watchStatements()

/** Every migration in one call: a call for each would be fifty for each file. */
function makeTables(database: D1Database): Promise<unknown> {
  const statements = env.TEST_MIGRATIONS.flatMap(({ queries }) => queries)
  return database.batch(statements.map((statement) => database.prepare(statement)))
}

afterAll(async () => {
  closeStores()
  expect(await readAtLarge(), 'statements that read a large table at large').toEqual([])
})
