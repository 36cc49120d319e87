/** What a deployment holds stays what it is when its tables change: each migration over rows that the ones before it could hold. */
import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { toBase64url } from '../../schema/encoding.ts'

type Row = Record<string, SqlStorageValue>

/** A database of its own, in the storage of an object that nobody else asks. */
const inScratch = <T>(work: (sql: SqlStorage) => T): Promise<T> =>
  runInDurableObject(
    env.COORDINATOR.get(env.COORDINATOR.idFromName(`AA${crypto.randomUUID()}`)),
    (_, state) => work(state.storage.sql),
  )

function migrate(sql: SqlStorage, { from, to }: { from: number; to: number }): void {
  for (const { queries } of env.TEST_MIGRATIONS.slice(from, to))
    for (const query of queries) sql.exec(query)
}

describe('people that a realm held', () => {
  it('are in a resolver of that realm, under the same id, and are found there', async () => {
    const found = await inScratch((sql) => {
      migrate(sql, { from: 0, to: 3 })
      for (const name of ['default', 'acme'])
        sql.exec('insert into realms (customer, name) values (?, ?)', 'c', name)
      for (const [id, realm] of [
        ['1', 'default'],
        ['2', 'acme'],
      ])
        sql.exec(
          `insert into people (id, customer, realm, username, username_key, created_at)
           values (?, 'c', ?, 'Bob', 'bob', 0)`,
          id,
          realm,
        )
      migrate(sql, { from: 3, to: Infinity })
      return sql
        .exec<Row>(
          `select p.id, p.username, r.realm, r.resolver, s.type from people p
           join realm_resolvers r on r.customer = p.customer and r.resolver = p.resolver
           join resolvers s on s.customer = p.customer and s.name = p.resolver order by p.id`,
        )
        .toArray()
    })
    expect(found).toEqual([
      { id: '1', username: 'Bob', realm: 'default', resolver: 'local', type: 'local' },
      { id: '2', username: 'Bob', realm: 'acme', resolver: 'acme', type: 'local' },
    ])
  })
})

describe('owners from before their ids named a database', () => {
  it('are of the first one, and the same owners in every table', async () => {
    const before = Uint8Array.from({ length: 16 }, (_, at) => 0xfe - at * 13)
    const after = await inScratch((sql) => {
      migrate(sql, { from: 0, to: 14 })
      const ownerId = toBase64url(before)
      sql.exec(
        `insert into tokens (serial, customer, owner_id, type, rollout_state, created_at)
         values ('PIPU1', 'default', ?, 'push', 'enrolled', 0)`,
        ownerId,
      )
      sql.exec("insert into enrolments values ('ABCDE', 'default', ?, 'PIPU1', 9)", ownerId)
      sql.exec("insert into token_changes values ('m', ?, 'default', 0)", ownerId)
      migrate(sql, { from: 14, to: Infinity })
      return ['tokens', 'enrolments', 'token_changes'].map(
        (table) => sql.exec<{ owner_id: string }>(`select owner_id from ${table}`).one().owner_id,
      )
    })
    const now = toBase64url(Uint8Array.of(0, ...before.slice(1)))
    expect(after).toEqual([now, now, now])
  })
})
