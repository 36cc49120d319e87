/** A statement with its values written into it, for `wrangler d1 execute`, which takes text only. */

/** @throws Error for a value that SQLite has no plain literal for. */
export function inlined({ sql, params }: { sql: string; params: unknown[] }): string {
  const values = [...params]
  const text = sql.replaceAll('?', () => literal(values.shift()))
  if (values.length) throw new Error(`${values.length} values are left over`)
  return `${text};`
}

function literal(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'string' && !value.includes('\0')) return `'${value.replaceAll("'", "''")}'`
  throw new Error(`no literal for ${typeof value}`)
}
