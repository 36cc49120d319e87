/**
 * What a PIN and a password cost whoever steals the database. The deployments of the other tests hash cheaply; this one is the
 * worker as it is uploaded, which knows no other cost than the full one.
 */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createHmac, scryptSync } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { beforeAll, expect, it } from 'vitest'
import { accounts, people, tokens } from '../../schema/tables.ts'
import worker from '../../worker/index.ts'
import { hashPassword } from '../../worker/factor/hash.ts'
import { type Application, application } from '../support/application.ts'
import { type Deployment, adminPassword, deployment, origin } from './deployment.ts'
import { otpSeed } from './seeds.ts'

let d: Deployment
let uploaded: Application
beforeAll(async () => {
  d = await deployment()
  const fetch = async (address: string, init: RequestInit) => {
    const context = createExecutionContext()
    const request = new Request(address, init as RequestInit<IncomingRequestCfProperties>)
    const response = await worker.fetch(request, env, context)
    await waitOnExecutionContext(context)
    return response
  }
  uploaded = application({ url: origin, fetch })
})

/** By the words of RFC 7914 and of the README alone. */
function isFull(kept: string | null | undefined, secret: string): boolean {
  const [, N, r, p, salt, hash] =
    /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([\w-]{22})\$([\w-]{43})$/.exec(kept ?? '') ?? []
  if (`${N} ${r} ${p}` !== '16384 8 5') return false
  const peppered = createHmac('sha256', Buffer.from(env.PEPPER, 'base64url'))
    .update(secret)
    .digest()
  const made = scryptSync(peppered, Buffer.from(salt!, 'base64url'), 32, { N: 16384, r: 8, p: 5 })
  return made.toString('base64url') === hash
}

it('a hash that cost less is worth nothing', async () => {
  expect((await uploaded.auth('admin', adminPassword)).status).toBe(401)
  const [cheap] = await d.db.select().from(accounts).where(eq(accounts.id, 'admin'))
  const passwordHash = await hashPassword(adminPassword, env.PEPPER)
  await d.db.insert(accounts).values({ ...cheap!, id: 'full', username: 'full', passwordHash })
  const { status, envelope } = await uploaded.auth('full', adminPassword)
  expect(status).toBe(200)
  uploaded = uploaded.as(envelope.result.value as { token: string })
})

it('a password is kept at full cost', async () => {
  expect(
    (await uploaded.call('POST', '/user/', { user: 'hana', password: 'a long secret' })).status,
  ).toBe(200)
  const [row] = await d.db.select().from(people).where(eq(people.username, 'hana'))
  expect(isFull(row?.passwordHash, 'a long secret')).toBe(true)
})

it('a PIN is kept at full cost, and found right', async () => {
  const token = { user: 'hana', pin: '4711', type: 'hotp', otpkey: otpSeed, genkey: 0 }
  const made = await uploaded.initToken(token)
  expect(made.status).toBe(200)
  const [row] = await d.db.select().from(tokens)
  expect(isFull(row?.pinHash, '4711')).toBe(true)
  // RFC 4226, appendix D: the first one of this seed.
  const value = async (pin: string) =>
    (await uploaded.check({ user: 'hana', pass: `${pin}755224` })).envelope.result.value
  expect(await value('4712')).toBe(false)
  expect(await value('4711')).toBe(true)
})
