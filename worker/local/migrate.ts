/** Applies schema/migrations to the local D1. Keeps the same table as `wrangler d1 migrations apply`, so that both agree. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { projectRoot } from './paths.ts'

const folder = join(projectRoot, 'schema/migrations')
const table = `create table if not exists d1_migrations (
  id integer primary key autoincrement,
  name text unique,
  applied_at timestamp default current_timestamp not null
)`

/** Each file in one batch: it is applied whole or not at all. @returns the names of what was new. */
export async function migrate(database: D1Database): Promise<string[]> {
  await database.prepare(table).run()
  const { results } = await database
    .prepare('select name from d1_migrations')
    .all<{ name: string }>()
  const applied = new Set(results.map(({ name }) => name))
  const waiting = (await migrationNames()).filter((name) => !applied.has(name))
  for (const name of waiting) {
    const note = database.prepare('insert into d1_migrations (name) values (?)').bind(name)
    const steps = statements(await readFile(join(folder, name), 'utf8'))
    await database.batch([...steps.map((step) => database.prepare(step)), note])
  }
  return waiting
}

export async function migrationNames(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted()
}

/** drizzle-kit puts this mark between statements. */
const statements = (sql: string): string[] =>
  sql
    .split('--> statement-breakpoint')
    .map((statement) => statement.trim())
    .filter(Boolean)
