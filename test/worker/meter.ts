/**
 * Reads what a step costs off the runtime itself, beside the calls that counted.ts counts: rows that objects and D1 write,
 * alarms, requests of ours to others, hashes and signatures. It watches the runtime's own methods and changes nothing of them.
 */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { hashes } from '../../worker/factor/hash.ts'
import type { Cost } from './counted.ts'

export type Bill = {
  /** Statements of D1 that the caller waits for. */
  d1: number
  /** Calls of objects. */
  objects: number
  /** Rows that objects wrote into their own SQLite, indexes included, and what they took away again afterwards. */
  rows: number
  /** Alarms that were set: each is billed as a row. */
  alarms: number
  /** Requests of ours to others: pushes. */
  subrequests: number
  /** PINs and passwords, at full cost. */
  hashes: number
  /** Signatures that the server made, and that it checked; and keys that it read in for that, which is half of what a check takes. */
  signed: number
  verified: number
  imported: number
  /** Statements of D1 in the background, and the rows that all of D1's wrote, indexes included. */
  later: number
  written: number
}

export const free: Bill = {
  d1: 0,
  objects: 0,
  rows: 0,
  alarms: 0,
  subrequests: 0,
  hashes: 0,
  signed: 0,
  verified: 0,
  imported: 0,
  later: 0,
  written: 0,
}

/** What D1 answers to one statement. */
type Ran = { meta: { rows_written: number } }
/** As D1's binding sends what it was asked: one statement, or the several of a batch. */
type Session = { _send: (...given: unknown[]) => Promise<Ran | Ran[]> }

/** Three looks in which nothing moved: signing and encrypting are neither statements nor requests, but quick. */
const looks = 3
const lookMs = 5

export type Meter = Awaited<ReturnType<typeof meter>>

/** @param of a deployment. `vi.restoreAllMocks()` takes the meter away again. */
export async function meter(of: { cost: Cost }) {
  const cursors: SqlStorageCursor<never>[] = []
  const foreign = new Set<CryptoKey>()
  const seen = {
    statements: 0,
    written: 0,
    alarms: 0,
    subrequests: 0,
    signed: 0,
    verified: 0,
    imported: 0,
  }
  let underWay = 0

  async function during<T>(work: Promise<T>): Promise<T> {
    underWay++
    try {
      return await work
    } finally {
      underWay--
    }
  }

  await watchObjects({
    exec: (cursor) => cursors.push(cursor),
    setAlarm: () => seen.alarms++,
  })

  const session = Object.getPrototypeOf(env.DB.withSession()) as Session
  const send = session._send
  vi.spyOn(session, '_send').mockImplementation(async function (this: Session, ...given) {
    const ran = [await during(send.apply(this, given))].flat()
    seen.statements += ran.length
    for (const { meta } of ran) seen.written += meta.rows_written
    return Array.isArray(given[1]) ? ran : ran[0]!
  })

  const fetch = globalThis.fetch
  vi.spyOn(globalThis, 'fetch').mockImplementation((...given) => {
    seen.subrequests++
    return during(fetch(...given))
  })

  const subtle = Object.getPrototypeOf(crypto.subtle) as SubtleCrypto
  const { sign, verify, importKey } = subtle
  const isSignature = ({ algorithm: { name } }: CryptoKey) => name !== 'HMAC'
  vi.spyOn(subtle, 'sign').mockImplementation((algorithm, key, data) => {
    if (isSignature(key) && !foreign.has(key)) seen.signed++
    return during(sign.call(crypto.subtle, algorithm, key, data))
  })
  vi.spyOn(subtle, 'verify').mockImplementation((algorithm, key, signature, data) => {
    if (isSignature(key)) seen.verified++
    return during(verify.call(crypto.subtle, algorithm, key, signature, data))
  })
  vi.spyOn(subtle, 'importKey').mockImplementation((...given: unknown[]) => {
    const usages = given[4] as string[]
    const isPublic = usages.length === 1 && usages[0] === 'verify'
    if (isPublic) seen.imported++
    return during(Reflect.apply(importKey, crypto.subtle, given) as Promise<CryptoKey>)
  })

  const total = (): Bill => ({
    ...of.cost,
    rows: cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
    alarms: seen.alarms,
    subrequests: seen.subrequests,
    hashes: hashes.made,
    signed: seen.signed,
    verified: seen.verified,
    imported: seen.imported,
    later: seen.statements - of.cost.d1,
    written: seen.written,
  })

  /** Until nothing runs in the background any more. */
  async function quiet(): Promise<void> {
    let before = ''
    for (let still = 0; still < looks;) {
      await new Promise((resolve) => setTimeout(resolve, lookMs))
      const now = JSON.stringify(total())
      still = underWay === 0 && now === before ? still + 1 : 0
      before = now
    }
  }

  return {
    /** Signatures made with this key are a device's and no work of ours. */
    ignore: (key: CryptoKey): unknown => foreign.add(key),
    /** @returns what the work cost with all that followed from it, beside what it gave. */
    async read<T>(work: () => Promise<T>): Promise<{ given: T; bill: Bill }> {
      await quiet()
      const before = total()
      const given = await work()
      await quiet()
      return { given, bill: difference(total(), before) }
    },
  }
}

const difference = (after: Bill, before: Bill): Bill =>
  Object.fromEntries(
    Object.entries(after).map(([name, count]) => [name, count - before[name as keyof Bill]]),
  ) as Bill

/** Statements of every object of this isolate, and the alarms that they set. */
async function watchObjects(seen: {
  exec: (cursor: SqlStorageCursor<never>) => void
  setAlarm: () => void
}): Promise<void> {
  const any = env.COORDINATOR.get(env.COORDINATOR.idFromName('A'.repeat(22)))
  await runInDurableObject(any, (_, { storage }) => {
    const sql = Object.getPrototypeOf(storage.sql) as SqlStorage
    const { exec } = sql
    vi.spyOn(sql, 'exec').mockImplementation(function (this: SqlStorage, ...given) {
      const cursor = exec.apply(this, given)
      seen.exec(cursor as SqlStorageCursor<never>)
      return cursor
    })
    const proto = Object.getPrototypeOf(storage) as DurableObjectStorage
    const { setAlarm } = proto
    vi.spyOn(proto, 'setAlarm').mockImplementation(function (this: DurableObjectStorage, ...given) {
      seen.setAlarm()
      return setAlarm.apply(this, given)
    })
  })
}
