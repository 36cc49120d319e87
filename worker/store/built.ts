/** Queries that are built once for each database: drizzle takes longer to build one than D1 to run it, and a cold login waits for both. */

export function built<Q>(build: (db: D1Database) => Q): (db: D1Database) => Q {
  const known = new WeakMap<D1Database, Q>()
  return (db) => {
    const query = known.get(db) ?? build(db)
    known.set(db, query)
    return query
  }
}
