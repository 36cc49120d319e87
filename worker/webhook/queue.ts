/**
 * The messages of one application, in the SQLite of its object: each with its way to each webhook. A message that was put in
 * is sent or given up in the open, never lost: who is asked lists them, and any can be sent again.
 */
import { type Message, bodyOf } from './message.ts'

/** Older ones go when they are over, one by one as new ones come. */
const keptMessages = 10_000

export function createQueue(sql: SqlStorage): void {
  sql.exec(
    `create table if not exists message (
       number integer primary key,
       id text not null unique,
       type text not null,
       body text not null,
       at integer not null
     );
     create table if not exists delivery (
       message integer not null,
       webhook text not null,
       attempts integer not null,
       state text not null,
       status integer,
       nextAtMs integer,
       lastAtMs integer,
       primary key (message, webhook)
     ) without rowid;
     create index if not exists delivery_due on delivery (nextAtMs) where nextAtMs is not null;`,
  )
}

export type Due = {
  number: number
  webhook: string
  attempts: number
  id: string
  body: string
  /** When it is due again if nothing is heard of it; the mark of who claimed it. */
  claimedUntilMs: number
}

/** @returns whether it is new. */
export function put(sql: SqlStorage, message: Message, webhooks: string[], nowMs: number): boolean {
  const [row] = sql
    .exec<{ number: number }>(
      'insert into message (id, type, body, at) values (?, ?, ?, ?) on conflict (id) do nothing returning number',
      message.id,
      message.type,
      bodyOf(message),
      message.at,
    )
    .toArray()
  if (!row) return false
  for (const webhook of webhooks) becomesDue(sql, row.number, webhook, nowMs)
  forget(sql, row.number - keptMessages)
  return true
}

function becomesDue(sql: SqlStorage, number: number, webhook: string, nowMs: number): void {
  sql.exec(
    `insert into delivery (message, webhook, attempts, state, nextAtMs) values (?, ?, 0, 'due', ?)
     on conflict (message, webhook) do update set attempts = 0, state = 'due', nextAtMs = excluded.nextAtMs`,
    number,
    webhook,
    nowMs,
  )
}

/** To everyone who would get it now. @returns whether there is such a message. */
export function putAgain(sql: SqlStorage, id: string, webhooks: string[], nowMs: number): boolean {
  const [row] = sql
    .exec<{ number: number }>('select number from message where id = ?', id)
    .toArray()
  if (!row) return false
  for (const webhook of webhooks) becomesDue(sql, row.number, webhook, nowMs)
  return true
}

export const typeOf = (sql: SqlStorage, id: string): string | null =>
  sql.exec<{ type: string }>('select type from message where id = ?', id).toArray()[0]?.type ?? null

function forget(sql: SqlStorage, upTo: number): void {
  const over = `number <= ? and not exists (select 1 from delivery where message = number and nextAtMs is not null)`
  sql.exec(`delete from delivery where message in (select number from message where ${over})`, upTo)
  sql.exec(`delete from message where ${over}`, upTo)
}

/** Claims what is due: if the object dies meanwhile, it is due again at `againAtMs`. */
export const claim = (sql: SqlStorage, nowMs: number, againAtMs: number, most: number): Due[] =>
  sql
    .exec<Omit<Due, 'claimedUntilMs'>>(
      `select number, webhook, attempts, id, body from delivery join message on number = message
       where nextAtMs <= ? order by nextAtMs limit ?`,
      nowMs,
      most,
    )
    .toArray()
    .map((due) => {
      const { number, webhook } = due
      sql.exec(
        'update delivery set nextAtMs = ? where message = ? and webhook = ?',
        againAtMs,
        number,
        webhook,
      )
      return { ...due, claimedUntilMs: againAtMs }
    })

export type Settled = {
  state: 'due' | 'delivered' | 'failed'
  status: number | null
  nextAtMs: number | null
}

/** What was put in again meanwhile stays due: how the telling before it went is no answer to that. */
export function settle(
  sql: SqlStorage,
  { number, webhook, claimedUntilMs }: Due,
  settled: Settled,
  nowMs: number,
): void {
  sql.exec(
    `update delivery set attempts = attempts + 1, state = ?, status = ?, nextAtMs = ?, lastAtMs = ?
     where message = ? and webhook = ? and nextAtMs = ?`,
    settled.state,
    settled.status,
    settled.nextAtMs,
    nowMs,
    number,
    webhook,
    claimedUntilMs,
  )
}

export const nextDueMs = (sql: SqlStorage): number | null =>
  sql.exec<{ atMs: number | null }>('select min(nextAtMs) as atMs from delivery').toArray()[0]
    ?.atMs ?? null

export type Listed = {
  id: string
  type: string
  at: number
  webhook: string | null
  state: string | null
  attempts: number | null
  status: number | null
  nextAtMs: number | null
  lastAtMs: number | null
}

/** The latest first, a row for each way. */
export const list = (sql: SqlStorage, most: number): Listed[] =>
  sql
    .exec<Listed>(
      `select id, type, at, webhook, state, attempts, status, nextAtMs, lastAtMs
       from (select * from message order by number desc limit ?) left join delivery on message = number
       order by number desc, webhook`,
      most,
    )
    .toArray()
