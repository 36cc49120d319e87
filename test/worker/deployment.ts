/**
 * A deployment inside workerd for one test: rows of a first run, an application with a key, people, devices; a clock that a
 * test may set; and a count of what each request costs (D1 statements, calls of objects).
 */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { vi } from 'vitest'
import { sha256, toBase64url } from '../../schema/encoding.ts'
import {
  accounts,
  apiKeys,
  applications,
  customers,
  policies,
  realmResolvers,
  realms,
  resolvers,
  serverKeys,
} from '../../schema/tables.ts'
import { createApp } from '../../worker/app.ts'
import { random } from '../../worker/crypto/random.ts'
import { sealedServerKey } from '../../worker/crypto/server-key.ts'
import { type Context, type Env, deploymentOf } from '../../worker/env.ts'
import { hashPassword } from '../../worker/factor/hash.ts'
import { type Right, everyRight } from '../../worker/policy/rights.ts'
import {
  type SettingName,
  type Settings,
  configured,
  enrolmentPolicy,
  governed,
  hardeningPolicy,
} from '../../worker/policy/settings.ts'
import vectors from '../vectors/phone.json'
import { forget } from '../../worker/store/cache.ts'
import { application } from '../support/application.ts'
import { type VirtualDevice, enrol } from '../support/virtual-device.ts'
import { type Cost, counted } from './counted.ts'
import { cheap } from './hash-cost.ts'
import { ofTests } from './statements.ts'

export const origin = env.PUBLIC_URL
export const adminPassword = 'correct horse battery staple'

export const cheapHash = (password: string): Promise<string> =>
  hashPassword(password, env.PEPPER, undefined, cheap)

/** The key that stock phones are given where none was made; making one would cost each test file a tenth of a second. */
async function spareKey(own: Env) {
  const { master } = await deploymentOf(own)
  const { pkcs8, pkcs1 } = vectors.keys.server
  const privateKey = Uint8Array.from(atob(pkcs8), (character) => character.charCodeAt(0))
  const made = { customer: 'default', privateKey, publicKey: pkcs1 }
  return sealedServerKey(master, made, { random, nowSeconds: 0 })
}

export type Deployment = Awaited<ReturnType<typeof deployment>>

/** A fresh one, with one database unless told otherwise: call it once a test file; rows made twice stay as they are. */
export async function deployment(overrides: Partial<Env> = {}) {
  const cost: Cost = { d1: 0, objects: 0 }
  const own = counted({ ...env, DB_1: undefined, ...overrides }, cost)
  const app = createApp({ nowMs: () => Date.now(), random, hashCost: cheap })

  /** The front door. Background work is awaited, unless the answer is a stream or a socket. */
  async function fetch(address: string, init: RequestInit = {}): Promise<Response> {
    const request = new Request(new URL(address, origin), init as RequestInit<CfProperties>)
    const context = createExecutionContext()
    const response = await app.fetch(request, own, context)
    const streaming =
      response.webSocket || response.headers.get('Cache-Control')?.includes('no-transform')
    if (!streaming) await waitOnExecutionContext(context)
    return response
  }

  const db = drizzle(ofTests(env.DB))
  const createdAt = 0
  const customer = 'default'
  const resolverOf = (realm: string, resolver: string) =>
    [
      db
        .insert(resolvers)
        .values({ customer, name: resolver, type: 'local', config: {}, createdAt })
        .onConflictDoNothing(),
      db.insert(realmResolvers).values({ customer, realm, resolver }).onConflictDoNothing(),
    ] as const
  await db.batch([
    db
      .insert(customers)
      .values({ id: 'default', name: 'Default', createdAt })
      .onConflictDoNothing(),
    db.insert(policies).values(hardeningPolicy('default')).onConflictDoNothing(),
    db.insert(policies).values(enrolmentPolicy('default')).onConflictDoNothing(),
    db
      .insert(serverKeys)
      .values(await spareKey(own))
      .onConflictDoNothing(),
    db
      .insert(realms)
      .values({ customer: 'default', name: 'default', isDefault: true })
      .onConflictDoNothing(),
    ...resolverOf('default', 'local'),
    db
      .insert(applications)
      .values({ id: 'default', customer: 'default', name: 'Countersign', createdAt })
      .onConflictDoNothing(),
    db
      .insert(accounts)
      .values({
        id: 'admin',
        customer: 'default',
        application: 'default',
        username: 'admin',
        role: 'admin',
        passwordHash: await cheapHash(adminPassword),
        rights: [],
        createdAt,
      })
      .onConflictDoNothing(),
  ])

  /** A realm beside the default one, with people of its own. */
  async function newRealm(name: string): Promise<void> {
    await db.batch([db.insert(realms).values({ customer, name }), ...resolverOf(name, name)])
    await forget({ db: own.DB } as Context)
  }

  /** A key with these rights, of an application of its own or of the one that administrators belong to. */
  async function newApplication(
    name: string,
    rights: readonly Right[] = everyRight,
    of: 'its own' | 'default' = 'its own',
  ) {
    const key = toBase64url(random(6)).replaceAll('_', '-')
    const id = of === 'default' ? of : key
    const secret = toBase64url(random(32))
    await db.batch([
      db
        .insert(applications)
        .values({ id, customer: 'default', name, createdAt })
        .onConflictDoNothing(),
      db.insert(apiKeys).values({
        id: key,
        customer: 'default',
        application: id,
        secretHash: await sha256(secret),
        rights: [...rights],
        createdAt,
      }),
    ])
    return application({ url: origin, apiKey: `${key}_${secret}`, fetch })
  }

  const payroll = await newApplication('Payroll', [
    'trigger',
    'check',
    'enrol',
    'people',
    'delivery',
    'settings',
    'audit',
  ])
  const server = { origin, fetch: (address: string, init: RequestInit) => fetch(address, init) }

  async function person(user: string, parameters: object = {}) {
    const made = await payroll.createUser({ user, ...parameters })
    if (made.status !== 200) throw new Error(`no person: ${JSON.stringify(made)}`)
    return user
  }

  async function device(
    user: string,
    more: { pin?: string; name?: string } = {},
  ): Promise<VirtualDevice> {
    const begun = await payroll.initToken({ user, pin: more.pin ?? '' })
    const invitation = begun.envelope.detail?.enrolment_url
    if (!invitation) throw new Error(`no enrolment: ${JSON.stringify(begun)}`)
    return enrol(server, {
      invitation,
      deviceName: more.name ?? 'Pixel',
    })
  }

  /** Sets numbers where they are set: in the configuration, or in the policy `hardening`. Those not named stay. */
  async function set(settings: Partial<Settings>): Promise<void> {
    const given = <T extends { name: SettingName }>(list: readonly T[]) =>
      list.filter(({ name }) => settings[name] !== undefined)
    const config = given(configured).map(({ name, config: key }) => [key, settings[name]])
    if (config.length > 0) await insist('/system/setConfig', Object.fromEntries(config))
    if (given(governed).length === 0) return
    const { envelope } = await payroll.call('GET', '/policy/hardening')
    const [now] = envelope.result.value as { action: object }[]
    const said = given(governed).map(({ name, action }) => [action, settings[name]])
    await insist('/policy/hardening', {
      scope: 'authentication',
      realm: '',
      action: { ...now?.action, ...Object.fromEntries(said) },
    })
  }
  async function insist(path: string, body: object): Promise<void> {
    const { status, envelope } = await payroll.call('POST', path, body)
    if (status !== 200) throw new Error(JSON.stringify(envelope))
  }

  return {
    set,
    env: own,
    cost,
    fetch,
    server,
    payroll,
    newRealm,
    newApplication,
    person,
    device,
    db,
  }
}

/** @returns what `work` cost beside what it gave. */
export async function costOf<T>(
  of: { cost: Cost },
  work: () => Promise<T>,
): Promise<{ given: T; cost: Cost }> {
  const before = { ...of.cost }
  const given = await work()
  return { given, cost: { d1: of.cost.d1 - before.d1, objects: of.cost.objects - before.objects } }
}

/** Sets the clock of everything in this test, objects included; timers keep running. */
export function clock() {
  vi.useFakeTimers({ toFake: ['Date'] })
  return {
    forward: (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000),
    toMs: (atMs: number) => vi.setSystemTime(atMs),
    stop: () => void vi.useRealTimers(),
  }
}
