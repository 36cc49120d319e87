/**
 * Makes a customer in one of the databases: what is asked first, and the rows. Whoever calls sends them, to D1 on this machine or
 * to Cloudflare's. The directory in the first database comes last: until then nobody finds the customer, and all can be repeated.
 */
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { accounts } from '../../schema/tables.ts'
import { type Customer, customerRows, directoryRow } from './provision.ts'
import { Refusal } from './settings.ts'

export type Database = {
  /** @returns the one number that a question of ours is answered by. */
  count(question: { sql: string; params: unknown[] }): Promise<number>
  /** All or none. */
  run(statements: Statement[]): Promise<void>
}
export type Statement = { toSQL(): { sql: string; params: unknown[] } }

type Options = {
  keys: { masterKey: string; pepper: string }
  password: string
  nowSeconds: number
}

/**
 * @param first where the directory is. @param own where the customer will live.
 * @param maker only asked to make statements.
 * @throws Refusal where there is one, or an application of this id.
 */
export async function addCustomer(
  { first, own, maker }: { first: Database; own: Database; maker: D1Database },
  customer: Customer,
  { keys, password, nowSeconds }: Options,
): Promise<void> {
  const { id, name } = customer
  const of = (table: string) => ({
    sql: `select count(*) as n from ${table} where id = ?`,
    params: [id],
  })
  if ((await first.count(of('customers'))) > 0)
    throw new Refusal(`There is a customer "${id}" already.`)
  // Its administrators' application is called like the customer.
  const others = { sql: `${of('applications').sql} and customer <> ?`, params: [id, id] }
  if ((await own.count(others)) > 0)
    throw new Refusal(`An application of another customer is called "${id}": choose another id.`)
  const rows = await customerRows(maker, customer, { issuer: name, keys, password, nowSeconds })
  // An attempt that ended halfway has left an administrator whose password nobody knows.
  const leftover = drizzle(maker).delete(accounts).where(eq(accounts.customer, id))
  await own.run([leftover, ...rows])
  if (customer.database !== 0) await first.run([directoryRow(maker, customer, nowSeconds)])
}
