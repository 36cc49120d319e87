/** Where `npm run customer` puts a customer: on this machine, or into what was deployed. */
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { drizzle } from 'drizzle-orm/d1'
import type { Flags } from './customer-arguments.ts'
import { type Database, type Statement, addCustomer } from './customer.ts'
import { configOf } from './deploy-config.ts'
import { placeOf, remoteDatabases } from './deploy-steps.ts'
import { keepKeys } from './keys.ts'
import type { Customer } from './provision.ts'
import { serve } from './serve.ts'
import { Refusal, type Settings } from './settings.ts'
import { runWrangler } from './wrangler.ts'

/** On this machine, which must not be running. */
export async function addHere(
  customer: Customer,
  password: string,
  settings: Settings,
): Promise<void> {
  const server = await serve({ ...settings, port: 0 })
  try {
    if (server.administrator.password !== null)
      console.log(`Administrator of the first customer: password ${server.administrator.password}`)
    const [first, own] = [await server.d1(0), await server.d1(customer.database)]
    const options = { keys: server.keys, password, nowSeconds: Math.floor(Date.now() / 1000) }
    await addCustomer({ first: local(first), own: local(own), maker: own }, customer, options)
  } finally {
    await server.stop()
  }
}

function local(database: D1Database): Database {
  return {
    count: async ({ sql, params }) =>
      (await database
        .prepare(sql)
        .bind(...params)
        .first<number>('n')) ?? 0,
    async run(statements: Statement[]) {
      type Batch = Parameters<ReturnType<typeof drizzle>['batch']>[0]
      await drizzle(database).batch(statements as unknown as Batch)
    },
  }
}

/** In the deployment that was made from the folder of keys. */
export async function addDeployed(
  customer: Customer,
  password: string,
  flags: Flags,
): Promise<void> {
  const environment = flags.env ?? null
  const { name } = configOf(environment)
  const keysFolder = resolve(flags.keys ?? join(homedir(), '.countersign', name))
  const place = await placeOf(keysFolder)
  if (!place) throw new Refusal(`Nothing was deployed from ${keysFolder} yet: npm run deploy.`)
  const scratch = await mkdtemp(join(tmpdir(), 'countersign-customer-'))
  try {
    const keys = await keepKeys(keysFolder)
    const said = { run: runWrangler, say: console.log }
    const options = { environment, place, keys, keysFolder, scratch, dryRun: false, ...said }
    const databases = await remoteDatabases(options)
    const [first, own] = [databases[0], databases[customer.database]]
    if (!first || !own)
      throw new Refusal(
        `There is no database ${customer.database}: bind DB_${customer.database} in wrangler.toml and deploy.`,
      )
    const nowSeconds = Math.floor(Date.now() / 1000)
    await addCustomer({ first, own, maker: null as never }, customer, {
      keys,
      password,
      nowSeconds,
    })
  } finally {
    await rm(scratch, { recursive: true })
  }
}
