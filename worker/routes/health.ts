/** /healthz and /info: whether it lives and can do its work, and what it is. Anybody may ask; nothing told here is a secret. */
import { databaseNumbered, databasesOf } from '../store/databases.ts'
import { answer, apiVersion, version } from './encode/envelope.ts'
import { type Call, surface } from './surface.ts'

export const health = surface()
export const info = surface()

health.get('/livez', (call) => answer(call, { value: { status: 'OK' } }))

/**
 * Ready is: the tables are there, in each database, and the first one holds a customer. Before its first rows a deployment can do
 * nothing for anyone.
 */
async function isReady({ env }: Call): Promise<boolean> {
  const counts = await Promise.all(
    databasesOf(env).map(async (database) =>
      databaseNumbered(env, database)
        ?.prepare('select count(*) as n from (select 1 from customers limit 1)')
        .first<number>('n')
        .catch(() => null),
    ),
  )
  return counts[0] === 1 && counts.every((count) => typeof count === 'number')
}

/** As privacyIDEA has it; where its clients expect a security module, ours is the master key, without which nothing starts. */
for (const path of ['/', '/readyz'])
  health.get(path, async (call) =>
    (await isReady(call))
      ? answer(call, { value: { status: 'ready', hsm: 'OK' } })
      : answer(call, { value: { status: 'not ready', hsm: 'unchecked' } }, 503),
  )

health.get('/startupz', async (call) =>
  (await isReady(call))
    ? answer(call, { value: { status: 'started' } })
    : answer(call, { value: { status: 'not started' } }, 503),
)

info.get('/', (call) => {
  const { origin, issuer } = call.get('context').deployment
  return answer(call, {
    value: {
      ...{ name: 'Countersign', issuer, url: origin, version, api_version: apiVersion },
      token_types: ['push', 'totp', 'hotp', 'recovery', 'passkey'],
      documentation: `${origin}/docs`,
      openapi: `${origin}/openapi.json`,
    },
  })
})
