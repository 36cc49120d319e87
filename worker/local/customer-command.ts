/**
 * `npm run customer -- add <id> <name> [--database N]`: a customer of the deployment on this machine, which must not be running.
 * With `--keys <folder>` [--env <name>] of the one that was deployed from that folder. The password is shown once.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { drizzle } from 'drizzle-orm/d1'
import { type Database, type Statement, addCustomer, checkCustomer } from './customer.ts'
import { configOf } from './deploy-config.ts'
import { placeOf, remoteDatabases } from './deploy-steps.ts'
import { keepKeys } from './keys.ts'
import { orSayWhy } from './process.ts'
import { type Customer, administrator, randomPassword } from './provision.ts'
import { serve } from './serve.ts'
import { Refusal, readSettings } from './settings.ts'
import { runWrangler } from './wrangler.ts'

const usage =
  'Say what to do: npm run customer -- add <id> <name> [--database N] [--keys <folder> [--env <name>]]'

type Flags = { keys?: string | undefined; env?: string | undefined }

await orSayWhy(async () => {
  const { customer, flags } = readArguments()
  checkCustomer(customer)
  const password = randomPassword()
  await (flags.keys === undefined && flags.env === undefined
    ? here(customer, password)
    : deployed(customer, password, flags))
  console.log(`Customer "${customer.id}" is in database ${customer.database}.`)
  console.log(`Administrator: ${administrator}\nPassword: ${password} (shown only now)`)
  console.log(`To sign in: POST /auth with the header Countersign-Customer: ${customer.id}`)
})

function readArguments(): { customer: Customer; flags: Flags } {
  const text = { type: 'string' } as const
  const options = { database: text, keys: text, env: text } as const
  let parsed
  try {
    parsed = parseArgs({ allowPositionals: true, options })
  } catch {
    throw new Refusal(usage)
  }
  const { positionals, values } = parsed
  const [verb, id = '', name = '', ...rest] = positionals
  if (verb !== 'add' || name === '' || rest.length > 0) throw new Refusal(usage)
  const database = Number(values.database ?? '0')
  if (!/^\d{1,3}$/.test(values.database ?? '0'))
    throw new Refusal(`--database must be a number, 0 for the first, not "${values.database}".`)
  return { customer: { id, name, database }, flags: values }
}

async function here(customer: Customer, password: string): Promise<void> {
  const settings = readSettings(process.env)
  if (customer.database >= settings.databases)
    throw new Refusal(
      `There is no database ${customer.database}: set COUNTERSIGN_DATABASES=${customer.database + 1} or more, here and at each start.`,
    )
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

async function deployed(customer: Customer, password: string, flags: Flags): Promise<void> {
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
