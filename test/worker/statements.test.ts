/** That reading at large is noticed: the rule that setup.ts holds every test file to. */
import { runInDurableObject } from 'cloudflare:test'
import { drizzle } from 'drizzle-orm/d1'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Env } from '../../worker/env.ts'
import { type Deployment, deployment } from './deployment.ts'
import { objectOf } from './object.ts'
import { readAtLarge } from './statements.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
  await readAtLarge()
})
afterEach(async () => {
  await readAtLarge()
})

const ask = (query: string, ...values: string[]) =>
  d.env.DB.prepare(query)
    .bind(...values)
    .all()

describe('a statement of the worker', () => {
  it.each([
    ['all of a table', 'select * from audit where action = ?', 'SCAN audit'],
    ['all of an index', 'select count(*) from subscriptions', 'SCAN subscriptions'],
    [
      'a table by another name',
      'select o.serial from tokens as o where o.description = ?',
      'SCAN o',
    ],
    ['all of a customer', 'select detail from audit where customer = ?', 'SEARCH audit'],
    [
      'all of a realm',
      'select pin_hash from tokens where customer = ? and realm = ?',
      'SEARCH tokens',
    ],
    [
      'a table in passing',
      'delete from people where id in (select person from phones, tokens where description = ?)',
      'SCAN phones',
    ],
  ])('that reads %s is named', async (_what, query, step) => {
    await ask(query, ...Array<string>(query.split('?').length - 1).fill('x'))
    expect((await readAtLarge()).join()).toContain(step)
  })

  it('that goes by an index is not', async () => {
    await ask('select * from tokens where serial = ?', 'x')
    await ask('select * from audit where customer = ? and at > ?', 'x', '1')
    await ask('select * from people where customer = ? and username_key = ?', 'x', 'y')
    expect(await readAtLarge()).toEqual([])
  })

  it('is known where an object asks, too', async () => {
    const { stub } = await objectOf(d, (await d.device(await d.person('inside'))).serial)
    await readAtLarge()
    await runInDurableObject(stub, (object) =>
      drizzle((object as unknown as { env: Env }).env.DB).run('select max(at) from receipts'),
    )
    expect((await readAtLarge()).join()).toContain('receipts')
  })

  it('that a test asks itself is its own affair', async () => {
    await d.db.run('select * from receipts where claims = 1')
    expect(await readAtLarge()).toEqual([])
  })
})
