/** Gives each test file the tables it expects. Rows it makes itself. */
import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
await applyD1Migrations(env.DB_1!, env.TEST_MIGRATIONS)
