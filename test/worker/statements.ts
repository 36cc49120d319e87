/**
 * Every statement that the worker sends to D1 while a test file runs, and how SQLite finds its rows. No table that grows with
 * people or logins is read at large; the exceptions are in may-read.ts.
 */
import { env } from 'cloudflare:workers'
import { mayRead } from './may-read.ts'

/** Those that grow with people, devices or logins. */
const large = [
  'people',
  'person_attributes',
  'tokens',
  'subscriptions',
  'verifiers',
  'phones',
  'server_keys',
  'enrolments',
  'token_changes',
  'audit',
  'deliveries',
  'receipts',
  'sign_ins',
  'grants',
  'grant_tokens',
]
/** What many rows have in common: an index that goes by these alone narrows little. */
const wide = ['customer=?', 'realm=?', 'resolver=?', 'type=?']

/** As D1's binding sends what it was asked: one statement, or the several of a batch. */
type Session = {
  _send(
    path: string,
    query: string | string[],
    given: unknown[] | unknown[][],
    ...format: unknown[]
  ): Promise<unknown>
}

type Watched = {
  /** By the edge of a test's deployment, and by tests for themselves. What is neither comes from an object. */
  edge: Set<string>
  tests: Set<string>
  sent: Map<string, unknown[]>
}
/** Kept for the runtime and not for a file: its methods are watched once, while modules begin anew with each test file. */
const global = globalThis as { watched?: Watched; isWatching?: true }
const prepared: Watched = (global.watched ??= {
  edge: new Set(),
  tests: new Set(),
  sent: new Map(),
})
const { sent } = prepared

export const preparedAtTheEdge = (query: string): unknown => prepared.edge.add(query)

/** For what a test itself asks, which is nobody's business. */
export const ofTests = (db: D1Database): D1Database =>
  new Proxy(db, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown
      if (typeof value !== 'function') return value
      return (...given: unknown[]): unknown => {
        if (name === 'prepare') prepared.tests.add(String(given[0]))
        return value.apply(target, given)
      }
    },
  })

/** Not spies: a test that restores its mocks goes on being watched. */
export function watchStatements(): void {
  for (const kept of Object.values(prepared)) kept.clear()
  if (global.isWatching) return
  global.isWatching = true
  const database = Object.getPrototypeOf(env.DB) as D1Database
  const { prepare } = database
  database.prepare = function (this: D1Database, query) {
    const isKnown = prepared.edge.has(query) || prepared.tests.has(query)
    if (!isKnown && callerOfCaller().includes('/test/worker/')) prepared.tests.add(query)
    return prepare.call(this, query)
  }
  const session = Object.getPrototypeOf(env.DB.withSession()) as Session
  const { _send: send } = session
  session._send = function (this: Session, path, query, given, ...format) {
    const queries = typeof query === 'string' ? [query] : query
    const values = typeof query === 'string' ? [given] : (given as unknown[][])
    for (const [index, one] of queries.entries())
      if (prepared.edge.has(one) || !prepared.tests.has(one)) sent.set(one, values[index] ?? [])
    return send.call(this, path, query, given, ...format)
  }
}

/** The file that calls whoever asks this. As V8 has it: to map one place to its line of TypeScript takes a millisecond. */
function callerOfCaller(): string {
  const { prepareStackTrace } = Error
  Error.prepareStackTrace = (_error, frames) => frames
  const frames = new Error('who calls?').stack as unknown as NodeJS.CallSite[]
  Error.prepareStackTrace = prepareStackTrace
  return frames[2]?.getFileName() ?? ''
}

/** @returns those of the statements sent so far that read a large table at large and may not, with the step that does. */
export async function readAtLarge(): Promise<string[]> {
  const all = [...sent].filter(([query]) => isAboutLarge(query))
  sent.clear()
  if (all.length === 0) return []
  const plans = await env.DB.batch<{ detail: string }>(
    all.map(([query, values]) => env.DB.prepare(`explain query plan ${query}`).bind(...values)),
  )
  const found = plans.flatMap(({ results }, index) => {
    const query = legible(all[index]![0])
    const steps = results.map(({ detail }) => detail)
    const isSorted = steps.some((step) => /^USE TEMP B-TREE FOR (ORDER|GROUP)/.test(step))
    return steps
      .filter((step) => isAtLarge(query, step) && !mayRead(query, step, isSorted))
      .map((step) => `${step}${isSorted ? ', sorted' : ''}: ${query}`)
  })
  return [...new Set(found)]
}

const isAboutLarge = (query: string): boolean =>
  /^\s*(select|insert|update|delete|with)/i.test(query) &&
  large.some((table) => query.includes(table))

/** Without quotes, in one line, and without the names of many columns. */
const legible = (query: string): string =>
  query
    .replaceAll('"', '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/select (?:[\w.]+(?: as [\w.]+)?, ){4,}[^()]*? from/g, 'select … from')

/** A scan, or a search by what many rows have in common. */
function isAtLarge(query: string, step: string): boolean {
  const [, how, name] = /^(SCAN|SEARCH) (\S+)/.exec(step) ?? []
  if (!how || !name || !large.includes(tableOf(query, name))) return false
  const by = / \(([^()]+)\)/.exec(step)?.[1]?.split(' AND ') ?? []
  return how === 'SCAN' || by.every((condition) => wide.includes(condition))
}

/** What an alias in a statement stands for. */
const tableOf = (query: string, name: string): string =>
  new RegExp(`\\b(${large.join('|')}) (?:as )?${name}\\b`).exec(query)?.[1] ?? name
