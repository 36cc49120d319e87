/** Each customer lives wholly in one database. Where only `DB` is bound, all of them live there and nothing is looked up. */
import type { Context, Env } from '../env.ts'

/** @returns null where no such one is bound. */
export const databaseNumbered = (env: Env, database: number): D1Database | null =>
  (database === 0 ? env.DB : env[`DB_${database}`]) ?? null

export const hasSeveral = (env: Env): boolean => env.DB_1 !== undefined

/** @returns the numbers of all that are bound. */
export function databasesOf(env: Env): number[] {
  const found = [0]
  while (databaseNumbered(env, found.length)) found.push(found.length)
  return found
}

/** A run may make a thousand statements of D1, and each database takes some ten of the minute's work even where nothing is due. */
const databasesPerRun = 20

/** @returns those whose turn it is this minute: where there are more than a run can see to, one after the other. */
export function inTurn(databases: number[], minute: number): number[] {
  const turns = Math.ceil(databases.length / databasesPerRun)
  return databases.filter((database) => database % turns === minute % turns)
}

/** @returns the same request about a customer of that database, or null where it is not bound. */
export function inDatabase(context: Context, database: number): Context | null {
  if (database === context.database) return context
  const db = databaseNumbered(context.env, database)
  return db && { ...context, database, db }
}

/** An API key says in its id where its customer lives, as far as that is not the first database. */
export const keyIdIn = (database: number, id: string): string =>
  database === 0 ? id : `${database}.${id}`

export const databaseOfKey = (key: string): number =>
  Number(/^([1-9]\d{0,2})\./.exec(key)?.[1] ?? 0)
