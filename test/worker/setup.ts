/**
 * Lets each test file begin as in an isolate of its own: nothing stored, no module with a memory, the real clock; then gives it
 * the tables it expects. Rows it makes itself. What the worker asks of D1 meanwhile is held to its indexes.
 */
import { applyD1Migrations, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, expect, vi } from 'vitest'
import { readAtLarge, watchStatements } from './statements.ts'

vi.useRealTimers()
await reset()
vi.resetModules()
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
await applyD1Migrations(env.DB_1!, env.TEST_MIGRATIONS)
watchStatements()

afterAll(async () => {
  expect(await readAtLarge(), 'statements that read a large table at large').toEqual([])
})
