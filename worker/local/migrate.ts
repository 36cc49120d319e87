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

/**
 * What is new in one transaction: it is applied whole or not at all. And as one text, for each statement that is prepared blocks this
 * process until the runtime has answered, and there are more than a hundred. @returns the names of what was new.
 */
export async function migrate(database: D1Database): Promise<string[]> {
  await database.prepare(table).run()
  const { results } = await database
    .prepare('select name from d1_migrations')
    .all<{ name: string }>()
  const applied = new Set(results.map(({ name }) => name))
  const waiting = (await migrationNames()).filter((name) => !applied.has(name))
  if (waiting.length === 0) return []
  const steps = await Promise.all(waiting.map(stepsOf))
  await database.batch([database.prepare(steps.join('\n'))])
  return waiting
}

/** What a file does, and that it was done. */
async function stepsOf(name: string): Promise<string> {
  const sql = await readFile(join(folder, name), 'utf8')
  const note = `insert into d1_migrations (name) values ('${name.replaceAll("'", "''")}')`
  return [...statements(sql), note].map((one) => one.replace(/;?$/, ';')).join('\n')
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
