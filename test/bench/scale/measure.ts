/**
 * A real server with 1 to 8 databases and a customer in each, real logins through the front door with a push service that takes
 * everything, and what they cost: read from within the worker (counting-worker.ts) and from the process.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/d1'
import { Log, LogLevel, Miniflare, Response, convertV4MiniflareOptions } from 'miniflare'
import { trailSeconds } from '../../../schema/limits.ts'
import { bindingsOf } from '../../../worker/local/bindings.ts'
import { bundle } from '../../../worker/local/bundle.ts'
import { keepKeys } from '../../../worker/local/keys.ts'
import { migrate } from '../../../worker/local/migrate.ts'
import { freePort } from '../../../worker/local/port.ts'
import { customerRows, directoryRow } from '../../../worker/local/provision.ts'
import { type Application, application } from '../../support/application.ts'
import { type VirtualDevice, enrol } from '../../support/virtual-device.ts'
import { makeSubscription } from '../../support/virtual-subscription.ts'
import type { Counts } from './counts.ts'

/** Of one login. */
export type Spent = Record<keyof Omit<Counts, 'd1'> | 'cpuMs', number>
export type Measured = {
  databases: number
  logins: number
  login: Spent
  /** Of a poll that finds the question still open, and of a wait that begins and ends. */
  poll: Spent
  wait: Spent
  events: Spent
  /** Rows that the logins wrote to each database. */
  d1Written: number[]
  /** Bytes that a login leaves in D1, by table. */
  bytes: { audit: number; deliveries: number; receipts: number }
}

type Customer = { payroll: Application; people: { user: string; phone: VirtualDevice }[] }
const password = 'correct horse battery staple'
const peopleEach = 8
/** The person takes longer than the trail is gathered, as people do. */
const thinkMs = (trailSeconds.usual + 1) * 1000

export async function measure(databases: number, logins: number): Promise<Measured> {
  const server = await start(databases)
  try {
    const customers: Customer[] = []
    for (let at = 0; at < databases; at++) customers.push(await server.customer(at))
    const people = customers.flatMap(({ payroll, people: all }) =>
      all.map((one) => ({ payroll, ...one })),
    )
    const loginOf = async ({ payroll, user, phone }: (typeof people)[number]) => {
      const asked = await payroll.ask({ user })
      await pause(thinkMs)
      const [open] = await phone.list()
      await phone.approve(open!, asked.code)
      const { envelope } = await payroll.redeem({ user }, asked.transactionId)
      if (envelope.result.authentication !== 'ACCEPT') throw new Error(JSON.stringify(envelope))
    }
    // Everybody once, so that what follows is warm.
    await Promise.all(people.map(loginOf))
    const all = Math.ceil(logins / people.length) * people.length
    const { spent, d1Written } = await server.spending(all, async () => {
      for (let done = 0; done < all; done += people.length) await Promise.all(people.map(loginOf))
    })
    const bytes = await server.bytes()
    const [first] = people
    const polls = await asking(first!, async (id, { payroll }) => {
      for (let at = 0; at < 100; at++) await payroll.poll(id)
    })
    const waits = await asking(first!, async (id, { payroll }) => {
      for (let at = 0; at < 5; at++) await payroll.poll(id, 1)
    })
    const listened = await asking(first!, async (id, { payroll }) => {
      for (let at = 0; at < 5; at++) await listen(payroll, id)
    })
    return {
      databases,
      logins: all,
      login: spent,
      poll: (await server.spending(100, polls)).spent,
      wait: (await server.spending(5, waits)).spent,
      events: (await server.spending(5, listened)).spent,
      d1Written,
      bytes,
    }
  } finally {
    await server.stop()
  }

  /** Opens a question beforehand: only what is done with it is counted. */
  async function asking<T extends { payroll: Application; user: string }>(
    one: T,
    work: (id: string, one: T) => Promise<void>,
  ): Promise<() => Promise<void>> {
    const { transactionId } = await one.payroll.ask({ user: one.user })
    return () => work(transactionId, one)
  }
}

/** Opens the stream of events, hears how it stands, and goes. */
async function listen(payroll: Application, id: string): Promise<void> {
  const response = await payroll.raw('GET', `/validate/events/${id}`)
  const reader = response.body!.getReader()
  await reader.read()
  await reader.cancel()
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const entry = fileURLToPath(new URL('counting-worker.ts', import.meta.url))
const bindingOf = (database: number) => (database === 0 ? 'DB' : `DB_${database}`)

async function start(databases: number) {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-scale-'))
  const keys = await keepKeys(join(folder, 'keys'))
  const port = await freePort('127.0.0.1', 0)
  const url = `http://localhost:${port}`
  const settings = {
    host: '127.0.0.1',
    trustedProxies: '',
    pushHosts: '',
    trailSeconds: trailSeconds.usual,
  }
  const name = 'countersign'
  const pids: number[] = []
  const seen = (message: unknown) => {
    const { process: child } = message as { process: import('node:child_process').ChildProcess }
    child.once('spawn', () => child.spawnfile.endsWith('workerd') && pids.push(child.pid!))
  }
  subscribe('child_process', seen)
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      logRequests: false,
      log: new Log(LogLevel.ERROR),
      resourcePersistencePath: join(folder, 'storage'),
      workers: [
        {
          name,
          compatibilityDate: '2026-08-15',
          compatibilityFlags: [
            'nodejs_compat',
            'enable_request_signal',
            'request_signal_passthrough',
          ],
          modules: [{ type: 'ESModule' as const, path: 'index.js', contents: await bundle(entry) }],
          bindings: {
            ISSUER: 'Countersign',
            JURISDICTION: '',
            PUSH_HOSTS: '',
            ...bindingsOf(settings, url, keys),
          },
          d1Databases: Object.fromEntries(
            Array.from({ length: databases }, (_, at) => [bindingOf(at), `scale-${at}`]),
          ),
          durableObjects: {
            COORDINATOR: { className: 'ChallengeCoordinator', useSQLite: true },
          },
          unsafeDirectSockets: [{ host: '127.0.0.1', port }],
          // A push service that takes everything.
          outboundService: () => new Response(null, { status: 201 }),
        },
      ],
    }),
  )
  await miniflare.ready
  unsubscribe('child_process', seen)
  const d1 = (database: number) =>
    miniflare.getD1Database(bindingOf(database), name) as Promise<unknown> as Promise<D1Database>
  for (let at = 0; at < databases; at++) await migrate(await d1(at))

  async function customer(database: number): Promise<Customer> {
    const id = `customer-${database}`
    const one = { id: database === 0 ? 'default' : id, name: id, database }
    const db = await d1(database)
    const made = { issuer: id, keys, password, nowSeconds: 0 }
    await drizzle(db).batch(await customerRows(db, one, made))
    if (database !== 0) await directoryRow(await d1(0), one, 0).run()
    const headers = { 'Countersign-Customer': one.id }
    const { envelope } = await application({ url }).call(
      'POST',
      '/auth',
      { username: 'admin', password },
      { headers },
    )
    const { token } = envelope.result.value as { token: string }
    const administrator = application({ url, token })
    await administrator.call('POST', '/application/payroll', { name: 'Payroll' })
    const rights = 'trigger,check,enrol,people,settings'
    const key = await administrator.call('POST', '/application/payroll/key', { rights })
    const { api_key: apiKey } = key.envelope.result.value as { api_key: string }
    const payroll = application({ url, apiKey })
    const people = []
    for (let at = 0; at < peopleEach; at++) {
      const user = `person-${at}`
      await payroll.createUser({ user })
      const invitation = (await payroll.invite({ user })).link
      const phone = await enrol({ origin: url }, { invitation, deviceName: 'Pixel' })
      const endpoint = `https://updates.push.services.mozilla.com/wpush/v2/${database}-${at}`
      await phone.subscribe((await makeSubscription(endpoint)).subscription)
      people.push({ user, phone })
    }
    return { payroll, people }
  }

  const counts = async () => (await (await fetch(`${url}/bench/counts`)).json()) as Counts
  /** Until nothing is written any more: outboxes wait as long as the trail is gathered. */
  async function quiet(): Promise<Counts> {
    for (let before = ''; ;) {
      await pause((trailSeconds.usual + 1) * 1000)
      const now = await counts()
      if (JSON.stringify(now) === before) return now
      before = JSON.stringify(now)
    }
  }
  async function spending(times: number, work: () => Promise<void>) {
    const before = await quiet()
    const cpuBefore = cpuSeconds(pids)
    await work()
    const cpuMs = (cpuSeconds(pids) - cpuBefore) * 1000
    const after = await quiet()
    const each = Object.entries(after).flatMap(([key, value]) =>
      typeof value === 'number'
        ? [[key, (value - (before[key as keyof Counts] as number)) / times]]
        : [],
    )
    const spent = { ...Object.fromEntries(each), cpuMs: cpuMs / times } as Spent
    return { spent, d1Written: writtenBy(after, before) }
  }
  const writtenBy = (after: Counts, before: Counts) =>
    after.d1.map((written, at) => written - (before.d1[at] ?? 0))

  const sizeOf = async (database: number) =>
    (await (await d1(database)).prepare('select 1').run()).meta.size_after
  /** What a login leaves in the first database, by kind. Takes the trail away. */
  async function bytes(): Promise<Measured['bytes']> {
    const db = await d1(0)
    const kinds = ['audit', 'deliveries', 'receipts'] as const
    const redeemed = (await db
      .prepare("select count(*) as count from audit where action = 'redeem'")
      .first<number>('count'))!
    const found = { audit: 0, deliveries: 0, receipts: 0 }
    // Many rows like the real ones, so that pages are as full as in a large table.
    for (const kind of kinds) {
      const have = (await db
        .prepare(`select count(*) as count from ${kind}`)
        .first<number>('count'))!
      const before = await sizeOf(0)
      const columns = Object.keys((await db.prepare(`select * from ${kind} limit 1`).first())!)
      const list = columns.map((column) =>
        column === 'at' ? 'at + 100000 * (1 + n.value)' : column,
      )
      const times = Math.ceil(20_000 / have)
      await db
        .prepare(
          `insert into ${kind} (${columns.join(', ')}) select ${list.join(', ')} from ${kind}, json_each(?) n order by 2`,
        )
        .bind(JSON.stringify(Array.from({ length: times }, (_, at) => at)))
        .run()
      found[kind] = (((await sizeOf(0)) - before) / (have * times)) * (have / redeemed)
      await db.prepare(`delete from ${kind}`).run()
    }
    return found
  }

  async function stop() {
    await miniflare.dispose()
    await rm(folder, { recursive: true, force: true })
  }
  return { customer, spending, bytes, stop }
}

/** Of these processes, by /proc: Linux, a hundred ticks a second. */
function cpuSeconds(pids: number[]): number {
  const ticks = pids.map((pid) => {
    const [, rest = ''] = /\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    const fields = rest.split(' ')
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((sum, each) => sum + each, 0) / 100
}
