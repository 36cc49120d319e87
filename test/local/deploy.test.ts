/**
 * `npm run deploy`: a dry run with the real wrangler, which bundles for real and shows every step; and the order of the
 * steps against a stand-in for Cloudflare's side of wrangler, which remembers databases and secrets.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configFor, configOf } from '../../worker/local/deploy-config.ts'
import { type DeployOptions, deploy } from '../../worker/local/deploy-steps.ts'
import { type Database, addCustomer } from '../../worker/local/customer.ts'
import { inlined } from '../../worker/local/sql-text.ts'
import { keepKeys, rotateSigningKey } from '../../worker/local/keys.ts'
import type { Place } from '../../worker/local/place.ts'
import { freshState, projectRoot, run } from './command.ts'

/** What a platform that bills CPU has to read and compile before the first answer: issue 4's bound. */
const mostUploadedKb = 250

/** A dry run makes no folder, so that one name serves all of them. */
const noFolder = join(tmpdir(), 'countersign-no-keys')
const command = (...flags: string[]) =>
  run([process.execPath, 'worker/local/deploy.ts', '--keys', noFolder, ...flags], {})

const preview = 'Warning: x.me.workers.dev is a preview name.'

describe.concurrent('deploy --dry-run', () => {
  it.each([
    ['production', [], 'countersign', 'sign.example.org', 'eu'],
    // Which also warns of the name.
    [
      'staging at a preview name',
      ['--env', 'staging'],
      'countersign-staging',
      'x.me.workers.dev',
      'none',
    ],
  ] as const)(
    'shows every step of %s and bundles for real, small enough',
    async (_what, flags, name, host, jurisdiction) => {
      const place = ['--host', host, '--jurisdiction', jurisdiction, '--dry-run']
      const { code, output } = await command(...flags, ...place).exited
      expect(output.includes(preview)).toBe(host === 'x.me.workers.dev')
      expect(uploadedKb(output)).toBeLessThanOrEqual(mostUploadedKb)
      expect(uploadedKb(output)).toBeGreaterThan(mostUploadedKb / 10)
      const steps = [...output.matchAll(/^ {2}\$ npx wrangler (.*?)(?: --config \S+| --name|$)/gm)]
      expect(steps.map(([, step]) => step)).toEqual([
        'secret list',
        'd1 list --json',
        `d1 create ${name}${jurisdiction === 'eu' ? ' --jurisdiction eu' : ''}`,
        `d1 migrations apply ${name} --remote`,
        `d1 execute ${name} --remote --json`,
        `d1 execute ${name} --remote --json`,
        'deploy',
        'deploy',
      ])
      for (const secret of ['MASTER_KEY', 'PEPPER', 'VAPID_PRIVATE_KEY', 'SIGNING_KEY'])
        expect(output).toContain(secret)
      expect(output).toContain('Nothing was changed.')
      expect(existsSync(noFolder)).toBe(false)
      expect(code).toBe(0)
    },
  )

  it.each([
    [['--host', 'localhost'], '--host must be a host name'],
    [['--host', 'https://sign.example.org'], '--host must be a host name'],
    [['--host', 'sign.example.org', '--jurisdiction', 'mars'], '--jurisdiction must be one of'],
    [['--env', 'nowhere', '--host', 'sign.example.org'], 'has no environment "nowhere"'],
    [[], 'Nobody is here to ask: give --host.'],
    [['--hots', 'sign.example.org'], "Unknown option '--hots'"],
  ])('refuses %j in one sentence', async (flags, sentence) => {
    const { code, output } = await command(...flags, '--dry-run').exited
    expect(code).toBe(1)
    expect(output.trim()).toContain(sentence)
    expect(output.trim().split('\n')).toHaveLength(1)
  })
})

/** Of the script as it would be uploaded, by wrangler's own count, which is in KiB. */
const uploadedKb = (output: string): number =>
  (Number(/Total Upload: .* gzip: ([\d.]+) KiB/.exec(output)?.[1]) * 1024) / 1000

/** What Cloudflare would hold, and every command it was given. */
function cloudflare() {
  const databases: { name: string; uuid: string }[] = []
  const secrets = new Map<string, string>()
  const deployed: Record<string, unknown>[] = []
  let accounts = 0
  let given: string[] = []
  const answer = (args: string[]): string => {
    const after = (flag: string) => args[args.indexOf(flag) + 1]!
    const text = args.join(' ')
    given.push(text.replace(/ --(config|file|name|secrets-file) \S+/g, ''))
    if (text.startsWith('secret list'))
      return JSON.stringify([...secrets.keys()].map((name) => ({ name })))
    if (text.startsWith('d1 list')) return JSON.stringify(databases)
    if (text.startsWith('d1 create')) databases.push({ name: args[2]!, uuid: `id-of-${args[2]}` })
    if (text.includes('--command')) return JSON.stringify([{ results: [{ accounts }] }], null, 2)
    if (text.startsWith('d1 execute')) {
      expect(readFileSync(after('--file'), 'utf8')).toMatch(/insert into "accounts".*'admin'/s)
      accounts = 1
    }
    if (text.startsWith('deploy')) {
      deployed.push(JSON.parse(readFileSync(after('--config'), 'utf8')))
      const file = args.includes('--secrets-file')
        ? readFileSync(after('--secrets-file'), 'utf8')
        : '{}'
      for (const [name, value] of Object.entries(JSON.parse(file))) secrets.set(name, String(value))
    }
    return ''
  }
  return {
    secrets,
    deployed,
    run: async (args: string[]) => ({ code: 0, stdout: answer(args) }),
    commands: () => given.splice(0),
  }
}

describe('deploy', () => {
  let folder = ''
  let remove = () => {}
  beforeEach(() => ({ state: folder, remove } = freshState()))
  afterEach(() => remove())

  const place: Place = { host: 'sign.example.org', jurisdiction: 'eu' }
  async function options(there: ReturnType<typeof cloudflare>): Promise<DeployOptions> {
    const scratch = join(folder, 'scratch')
    mkdirSync(scratch, { recursive: true })
    const keysFolder = join(folder, 'keys')
    const keys = await keepKeys(keysFolder)
    const said = { run: there.run, say: () => {} }
    return { environment: 'staging', place, keys, keysFolder, scratch, dryRun: false, ...said }
  }

  it('makes what is missing, then leaves it alone', async () => {
    const there = cloudflare()
    const password = await deploy(await options(there))
    expect(password).toMatch(/^([0-9a-z]{5}-){3}[0-9a-z]{5}$/)
    expect(there.commands().filter((text) => / (create|apply)|^deploy/.test(text))).toEqual([
      'd1 create countersign-staging --jurisdiction eu',
      'd1 migrations apply countersign-staging --remote',
      'deploy',
    ])
    const before = new Map(there.secrets)
    expect([...before.keys()].toSorted()).toEqual([
      'MASTER_KEY',
      'PEPPER',
      'SIGNING_KEY',
      'VAPID_PRIVATE_KEY',
    ])

    expect(await deploy(await options(there))).toBe(null)
    expect(there.commands().filter((text) => / create/.test(text))).toEqual([])
    expect(there.secrets).toEqual(before)
    expect(there.deployed).toHaveLength(2)
    expect(there.deployed[1]).toEqual(there.deployed[0])
  })

  it('puts a rotated signing key into force, and no other secret', async () => {
    const there = cloudflare()
    await deploy(await options(there))
    const before = new Map(there.secrets)
    await rotateSigningKey(join(folder, 'keys'), 1)
    await deploy(await options(there))
    const changed = [...there.secrets].filter(([name, value]) => before.get(name) !== value)
    expect(changed.map(([name]) => name)).toEqual(['SIGNING_KEY'])
  })

  it('refuses to mix the keys of two folders', async () => {
    const there = cloudflare()
    await deploy(await options(there))
    const before = new Map(there.secrets)
    const own = await options(there)
    const foreign = join(folder, 'other-keys')
    const mixed = { ...own, keysFolder: foreign, keys: await keepKeys(foreign) }
    await expect(deploy(mixed)).rejects.toThrow(`secrets that were not set from ${foreign}`)
    expect(there.secrets).toEqual(before)
    await deploy(own)
  })

  it('gives the worker its host, its database and nothing secret in plain', async () => {
    const keys = await keepKeys(join(folder, 'keys'))
    const config = configFor(configOf(null), place, keys, ['the-id'])
    expect(config).toMatchObject({
      name: 'countersign',
      routes: [{ pattern: 'sign.example.org', custom_domain: true }],
      workers_dev: false,
      d1_databases: [{ binding: 'DB', database_name: 'countersign', database_id: 'the-id' }],
      assets: { directory: join(projectRoot, 'dist'), run_worker_first: true },
      triggers: { crons: ['* * * * *'] },
    })
    expect(config.vars).toMatchObject({
      PUBLIC_URL: 'https://sign.example.org',
      VAPID_SUBJECT: 'https://sign.example.org',
      JURISDICTION: 'eu',
      LISTENER: '',
      TRY_API_KEY: '',
    })
    for (const secret of [keys.masterKey, keys.pepper, keys.vapid.privateKey, keys.signingKey.d])
      expect(JSON.stringify(config)).not.toContain(secret)
  })

  it('writes a customer into the database that is asked for, and the directory into the first', async () => {
    const config = configOf(null)
    const second = { binding: 'DB_1', database_name: 'countersign-1', database_id: '' }
    const two: typeof config = { ...config, d1_databases: [config.d1_databases[0], second] }
    const { d1_databases: bound } = configFor(two, place, await keepKeys(join(folder, 'k')), [
      'a',
      'b',
    ])
    expect(bound.map(({ binding, database_id }) => [binding, database_id])).toEqual([
      ['DB', 'a'],
      ['DB_1', 'b'],
    ])
    const asked: string[] = []
    const stand = (name: string): Database => ({
      count: async () => 0,
      run: async (statements) => {
        for (const one of statements) asked.push(`${name}: ${inlined(one.toSQL())}`)
      },
    })
    const databases = { first: stand('first'), own: stand('own'), maker: null as never }
    await addCustomer(
      databases,
      { id: 'acme', name: 'Acme', database: 1 },
      { keys: await keepKeys(join(folder, 'k')), password: 'a password', nowSeconds: 1 },
    )
    expect(asked[0]).toMatch(/^own: delete from "accounts" .*'acme'/)
    expect(asked.at(-1)).toMatch(/^first: insert into "customers" .*'acme', 'Acme', 1, 1/)
    expect(asked.filter((statement) => statement.startsWith('own: insert')).length).toBeGreaterThan(
      7,
    )
    expect(asked.join()).not.toContain('a password')
    const taken = { ...databases, first: { ...stand('first'), count: async () => 1 } }
    const again = addCustomer(
      taken,
      { id: 'acme', name: 'Acme', database: 0 },
      {
        keys: await keepKeys(join(folder, 'k')),
        password: 'a password',
        nowSeconds: 1,
      },
    )
    await expect(again).rejects.toThrow('There is a customer "acme" already.')
  })

  it('has the same bindings in each environment', () => {
    const [production, staging] = [configOf(null), configOf('staging')]
    const shape = (config: typeof production) => ({
      ...config,
      name: '',
      vars: Object.keys(config.vars),
      d1_databases: config.d1_databases.map(({ binding }) => binding),
    })
    expect(shape(staging)).toEqual(shape(production))
    expect(staging.name).not.toBe(production.name)
    expect(staging.d1_databases[0].database_name).not.toBe(production.d1_databases[0].database_name)
  })
})
