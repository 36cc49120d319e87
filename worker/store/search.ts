/** Conditions of searches. A pattern: `*` stands for anything, every other character for itself, and ASCII letters in either case. */
import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { refuse } from '../problem.ts'

/** However long the list is: D1 takes a hundred bound values in one statement. */
export const isOneOf = (column: SQLWrapper, values: string[]): SQL =>
  sql`${column} in (select value from json_each(${JSON.stringify(values)}))`

export type Page = { limit: number; offset: number }

/** D1 takes no longer pattern in LIKE. */
const longestPatternBytes = 50

/** @throws Refusal bad_parameter where a pattern is longer than the database takes. */
export function matches(column: SQLWrapper, pattern: string, field: string): SQL {
  if (!pattern.includes('*')) return sql`${column} = ${pattern} collate nocase`
  const like = pattern
    .replaceAll(/\*+/g, '*')
    .replaceAll(/[\\%_]/g, String.raw`\$&`)
    .replaceAll('*', '%')
  if (new TextEncoder().encode(like).length > longestPatternBytes)
    refuse({
      reason: 'bad_parameter',
      field,
      mend: `with * must be at most ${longestPatternBytes} bytes`,
    })
  return sql`${column} like ${like} escape '\\'`
}
