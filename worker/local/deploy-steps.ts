/**
 * Puts Countersign on Cloudflare, step by step, by wrangler's own commands. Each can be repeated: what is there is left
 * alone, secrets above all. `run` executes a command; a dry run shows the commands and bundles for real.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { publicHalf, thumbprint } from '../../schema/jws.ts'
import { type Bindings, keySecrets } from './bindings.ts'
import { bundleForEdge } from './bundle.ts'
import type { Database } from './customer.ts'
import { configFor, configOf } from './deploy-config.ts'
import { type Keys, exists, readJson, writePrivately } from './keys.ts'
import type { Place } from './place.ts'
import { administrator, firstRows, randomPassword } from './provision.ts'
import { Refusal } from './settings.ts'
import { inlined } from './sql-text.ts'

export type Ran = { code: number; stdout: string }
export type DeployOptions = {
  environment: string | null
  place: Place
  keys: Keys
  /** Where the keys are; what was deployed from here is noted there. */
  keysFolder: string
  /** For files that wrangler reads; deleted by the caller, because one of them holds secrets. */
  scratch: string
  dryRun: boolean
  run: (args: string[]) => Promise<Ran>
  say: (line: string) => void
}

/** What was put in force from this folder. */
type Noted = Place & { signingKey: string }
const notedIn = (folder: string) => join(folder, 'place.json')
export const placeOf = async (folder: string): Promise<Noted | null> =>
  (await exists(notedIn(folder))) ? readJson<Noted>(notedIn(folder)) : null

const placeholderId = '00000000-0000-0000-0000-000000000000'

/** @returns the administrator's password where this was the first deployment. */
export async function deploy(options: DeployOptions): Promise<string | null> {
  const { keys, place, scratch, dryRun } = options
  const config = configOf(options.environment)
  const { name } = config
  const names = config.d1_databases.map(({ database_name }) => database_name)
  const wrangler = commandsOf(options)

  const secrets = await missingSecrets(options, name, wrangler)
  const ids: string[] = []
  for (const database of names) ids.push(await databaseIdOf(database, options, wrangler))
  const configFile = join(scratch, 'wrangler.json')
  const written = { ...configFor(config, place, keys, ids), ...(await bundled(scratch)) }
  await writeFile(configFile, JSON.stringify(written, null, 2))
  const c = ['--config', configFile]
  for (const database of names)
    await wrangler.must('Apply the migrations', [
      'd1',
      'migrations',
      'apply',
      database,
      '--remote',
      ...c,
    ])
  const password = await firstRun(names[0]!, c, options, wrangler)
  const secretsFile = join(scratch, 'secrets.json')
  await writePrivately(secretsFile, secrets)
  const withSecrets = Object.keys(secrets).length ? ['--secrets-file', secretsFile] : []
  const title = `Deploy, setting ${Object.keys(secrets).join(', ') || 'no secret'}`
  if (dryRun) options.say(`\n${title}\n  $ ${shown(['deploy', ...c, ...withSecrets])}`)
  const test = ['deploy', ...c, '--dry-run', '--outdir', join(scratch, 'out')]
  if (dryRun) await wrangler.really('What would be uploaded', test)
  else {
    await wrangler.must(title, ['deploy', ...c, ...withSecrets])
    await writePrivately(notedIn(options.keysFolder), await noteOf(options))
  }
  return password
}

/** wrangler uploads what is in this folder, as it is. */
async function bundled(scratch: string) {
  const folder = join(scratch, 'worker')
  await mkdir(folder, { recursive: true })
  return { main: await bundleForEdge(folder), no_bundle: true }
}

async function noteOf({ place, keys }: DeployOptions): Promise<Noted> {
  return { ...place, signingKey: await thumbprint(publicHalf(keys.signingKey)) }
}

type Commands = ReturnType<typeof commandsOf>

const shown = (args: string[]): string =>
  ['npx wrangler', ...args.map((arg) => (/\s/.test(arg) ? JSON.stringify(arg) : arg))].join(' ')

function commandsOf({ run, say, dryRun }: DeployOptions) {
  const really = async (title: string, args: string[]): Promise<string> => {
    say(`\n${title}\n  $ ${shown(args)}`)
    const { code, stdout } = await run(args)
    if (code !== 0)
      throw new Refusal(
        `That failed (see above). Put it right and deploy again: finished steps are passed over.`,
      )
    return stdout
  }
  return {
    really,
    /** A step that changes something. */
    async must(title: string, args: string[]): Promise<string> {
      if (!dryRun) return really(title, args)
      say(`\n${title}\n  $ ${shown(args)}`)
      return ''
    },
    /** A question whose failure is an answer, too. */
    async ask(title: string, args: string[]): Promise<Ran | null> {
      say(`\n${title}\n  $ ${shown(args)}`)
      return dryRun ? null : run(args)
    },
  }
}

/** Set once: a second master key would make everything sealed by the first unreadable. A rotated signing key is new. */
async function missingSecrets(
  options: DeployOptions,
  name: string,
  wrangler: Commands,
): Promise<Bindings> {
  const all = keySecrets(options.keys)
  const listed = await wrangler.ask('See which secrets are set', ['secret', 'list', '--name', name])
  const set: { name: string }[] = listed?.code === 0 ? JSON.parse(listed.stdout) : []
  const names = new Set(set.map((secret) => secret.name))
  const noted = await placeOf(options.keysFolder)
  if (names.has('MASTER_KEY') && !noted)
    throw new Refusal(
      `The worker ${name} has secrets that were not set from ${options.keysFolder}. Give the folder with its keys: --keys <folder>.`,
    )
  const rotated = noted && noted.signingKey !== (await noteOf(options)).signingKey
  return Object.fromEntries(
    Object.entries(all).filter(
      ([secret]) => !names.has(secret) || (secret === 'SIGNING_KEY' && rotated),
    ),
  )
}

async function lookFor(name: string, wrangler: Commands): Promise<string | null> {
  const listed = await wrangler.ask('Look for the database', ['d1', 'list', '--json'])
  if (!listed) return null
  if (listed.code !== 0)
    throw new Refusal('Cloudflare did not answer (see above). Log in with `npx wrangler login`.')
  const databases = JSON.parse(listed.stdout) as { name: string; uuid: string }[]
  return databases.find((database) => database.name === name)?.uuid ?? null
}

async function databaseIdOf(name: string, options: DeployOptions, wrangler: Commands) {
  const there = await lookFor(name, wrangler)
  if (there) return there
  const { jurisdiction } = options.place
  const flag = jurisdiction === 'none' ? [] : ['--jurisdiction', jurisdiction]
  await wrangler.must('Create the database, if it is missing', ['d1', 'create', name, ...flag])
  return options.dryRun ? placeholderId : ((await lookFor(name, wrangler)) ?? placeholderId)
}

/** For who makes rows in what was deployed, in the order of the databases. @throws Refusal where one is not there. */
export async function remoteDatabases(options: DeployOptions): Promise<Database[]> {
  const wrangler = commandsOf(options)
  const config = configOf(options.environment)
  const ids: string[] = []
  for (const { database_name } of config.d1_databases) {
    const id = await lookFor(database_name, wrangler)
    if (id === null)
      throw new Refusal(`There is no D1 database ${database_name} yet: npm run deploy makes it.`)
    ids.push(id)
  }
  const configFile = join(options.scratch, 'wrangler.json')
  await writeFile(configFile, JSON.stringify(configFor(config, options.place, options.keys, ids)))
  return config.d1_databases.map(({ database_name }) => {
    const remote = ['d1', 'execute', database_name, '--remote', '--json', '--config', configFile]
    return {
      async count(question) {
        const title = `Ask ${database_name}`
        const answer = await wrangler.really(title, [...remote, '--command', inlined(question)])
        return Number(/"n":\s*(\d+)/.exec(answer)?.[1] ?? 0)
      },
      async run(statements) {
        const file = join(options.scratch, 'rows.sql')
        await writePrivately(file, '')
        await writeFile(file, statements.map((one) => inlined(one.toSQL())).join('\n'))
        await wrangler.really(`Write to ${database_name}`, [...remote, '--yes', '--file', file])
      },
    }
  })
}

/** @returns the password, or null where an administrator is there already. */
async function firstRun(
  database: string,
  config: string[],
  options: DeployOptions,
  wrangler: Commands,
): Promise<string | null> {
  const remote = ['d1', 'execute', database, '--remote', '--json', ...config]
  const question = 'select count(*) as accounts from accounts'
  const asked = await wrangler.ask('See whether there is an administrator', [
    ...remote,
    '--command',
    question,
  ])
  if (asked && /"accounts":\s*[1-9]/.test(asked.stdout)) return null
  const password = randomPassword()
  const rows = await firstRows(null as never, {
    issuer: configOf(options.environment).vars.ISSUER ?? 'Countersign',
    keys: options.keys,
    password,
    nowSeconds: Math.floor(Date.now() / 1000),
  })
  const file = join(options.scratch, 'first-rows.sql')
  await writePrivately(file, '')
  await writeFile(file, rows.map((row) => inlined(row.toSQL())).join('\n'))
  const load = [...remote, '--yes', '--file', file]
  await wrangler.must(`Make the customer "default" and the administrator "${administrator}"`, load)
  return options.dryRun ? null : password
}
