/**
 * What is old in the tables that grow with every login: whose it is, a batch of it, and its end. Each statement goes by the key
 * (customer, time), touches at most a batch and is short, however much there is.
 */
import { and, asc, eq, getTableColumns, inArray, lt, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { audit, customers, deliveries, receipts, settings } from '../../schema/tables.ts'
import { type Kind, kept, keptDays, kinds } from '../policy/kept.ts'

/** Rows of a batch: a part of an archive has so many at most. About a megabyte each; a receipt is ten times as long as the others. */
export const batchRows: Record<Kind, number> = { audit: 4000, deliveries: 4000, receipts: 500 }

const tables = {
  audit: { table: audit, key: audit.number },
  deliveries: { table: deliveries, key: deliveries.number },
  receipts: { table: receipts, key: receipts.transactionHash },
} as const

export type OldRow =
  | typeof audit.$inferSelect
  | typeof deliveries.$inferSelect
  | typeof receipts.$inferSelect
export type Oldest = { customer: string; kind: Kind; oldestAt: number; keptDays: number }

/** @returns whose oldest rows are how old, how long each is kept, and how large the database is without its free pages. */
export async function oldestRecords(
  db: D1Database,
): Promise<{ oldest: Oldest[]; sizeBytes: number }> {
  const orm = drizzle(db)
  const names = kinds.map((kind) => kept[kind].config)
  const looks = kinds.map((kind) => {
    const { table } = tables[kind]
    // One step into the index for each customer: `group by` would read all of it.
    const oldest = sql`(select min(at) from ${table} where customer = ${customers}.id)`
    return orm
      .select({ customer: customers.id, oldestAt: sql<number | null>`${oldest}` })
      .from(customers)
  })
  const [set, ...found] = await orm.batch([
    orm.select().from(settings).where(inArray(settings.name, names)),
    ...looks,
  ])
  const valueOf = (customer: string, name: string) =>
    set.find((row) => row.customer === customer && row.name === name)?.value
  const oldest = kinds.flatMap((kind, at) =>
    found[at]!.flatMap(({ customer, oldestAt }) =>
      oldestAt === null
        ? []
        : {
            customer,
            kind,
            oldestAt,
            keptDays: keptDays(kind, valueOf(customer, kept[kind].config)),
          },
    ),
  )
  const { meta } = await db.prepare('select 1').run()
  return { oldest, sizeBytes: meta.size_after }
}

/** The oldest rows that are older than `before`, as many as a batch has. */
export async function oldRows(
  db: D1Database,
  { kind, customer }: Pick<Oldest, 'kind' | 'customer'>,
  before: number,
): Promise<OldRow[]> {
  const { table, key } = tables[kind]
  return drizzle(db)
    .select(getTableColumns(table) as typeof audit._.columns)
    .from(table)
    .where(and(eq(table.customer, customer), lt(table.at, before)))
    .orderBy(asc(table.at), asc(key))
    .limit(batchRows[kind]) as Promise<unknown> as Promise<OldRow[]>
}

/** Exactly these: what came in between them meanwhile stays until its turn. */
export async function deleteRows(db: D1Database, kind: Kind, rows: OldRow[]): Promise<void> {
  const { table, key } = tables[kind]
  const keys = JSON.stringify(rows.map((row) => [row.customer, row.at, keyOf(row)]))
  await drizzle(db).run(sql`delete from ${table}
    where (customer, at, ${sql.raw(key.name)}) in
      (select value ->> 0, value ->> 1, value ->> 2 from json_each(${keys}))`)
}

/** Without looking at them. @returns how many there were. */
export async function deleteOldRows(
  db: D1Database,
  { kind, customer }: Pick<Oldest, 'kind' | 'customer'>,
  before: number,
): Promise<number> {
  const { table, key } = tables[kind]
  const columns = sql.raw(`customer, at, ${key.name}`)
  const { meta } = await drizzle(db).run(sql`delete from ${table} where (${columns}) in
    (select ${columns} from ${table} where customer = ${customer} and at < ${before}
     order by at, ${sql.raw(key.name)} limit ${batchRows[kind]})`)
  return meta.changes
}

/** What tells a row from the others of its customer's second. */
export const keyOf = (row: OldRow): string | number =>
  'number' in row ? row.number : row.transactionHash
