/** The wrangler configuration of one place: what wrangler.toml says for its environment, with what differs there filled in. */
import { unstable_readConfig as readConfig } from 'wrangler'
import { type Bindings, bindingOf, keyVars } from './bindings.ts'
import type { Keys } from './keys.ts'
import { projectRoot, wranglerToml } from './paths.ts'
import { type Place, isPreviewHost } from './place.ts'
import { Refusal } from './settings.ts'

type Database = { binding: string; database_name: string; database_id: string }
type Wanted = {
  name: string
  main: string
  /** DB first, then DB_1, DB_2, … */
  d1_databases: [Database, ...Database[]]
  vars: Bindings
  [field: string]: unknown
}

const fields = [
  ...[
    'name',
    'compatibility_date',
    'compatibility_flags',
    'assets',
    'durable_objects',
    'r2_buckets',
  ],
  ...['migrations', 'triggers', 'observability', 'send_metrics', 'upload_source_maps', 'vars'],
]

/** @throws Refusal where wrangler.toml has no such environment. */
export function configOf(environment: string | null): Wanted {
  const known = readConfig({ config: wranglerToml }).definedEnvironments ?? []
  if (environment && !known.includes(environment))
    throw new Refusal(
      `wrangler.toml has no environment "${environment}". It has: ${known.join(', ')}.`,
    )
  const config = readConfig({ config: wranglerToml, ...(environment && { env: environment }) })
  const bound: Partial<Database>[] = config.d1_databases
  const databases = bound.map(
    ({ binding = '', database_name = '', database_id = '' }): Database => ({
      binding,
      database_name,
      database_id,
    }),
  )
  const [first, ...further] = databases
  if (!config.name || !first || databases.some(({ database_name }) => database_name === ''))
    throw new Refusal('wrangler.toml must name the worker and its D1 databases.')
  for (const [at, { binding }] of databases.entries())
    if (binding !== bindingOf(at))
      throw new Refusal(
        `wrangler.toml must bind the D1 databases in order and without a gap: ${bindingOf(at)} where ${binding} is.`,
      )
  const picked = Object.fromEntries(
    fields.map((field) => [field, config[field as keyof typeof config]]),
  )
  return {
    ...(picked as Pick<Wanted, 'name' | 'vars'>),
    main: `${projectRoot}worker/index.ts`,
    d1_databases: [first, ...further],
  }
}

/**
 * Paths are absolute, because the file lies in a folder of its own.
 * @param databaseIds in the order of the databases.
 */
export function configFor(config: Wanted, place: Place, keys: Keys, databaseIds: string[]): Wanted {
  const onWorkersDev = isPreviewHost(place.host)
  return {
    ...config,
    assets: { ...(config.assets as object), directory: `${projectRoot}dist` },
    workers_dev: onWorkersDev,
    ...(onWorkersDev ? {} : { routes: [{ pattern: place.host, custom_domain: true }] }),
    d1_databases: config.d1_databases.map((database, at) => ({
      ...database,
      database_id: databaseIds[at] ?? '',
      migrations_dir: `${projectRoot}schema/migrations`,
    })) as unknown as Wanted['d1_databases'],
    vars: {
      ...config.vars,
      PUBLIC_URL: `https://${place.host}`,
      VAPID_SUBJECT: `https://${place.host}`,
      JURISDICTION: place.jurisdiction === 'none' ? '' : place.jurisdiction,
      ...keyVars(keys),
    },
  }
}
