/**
 * The object's own SQLite: numbered, additive steps, because old and new code overlap during a deploy. (PRAGMA user_version
 * is refused in an object, hence `_schema`.) Nothing is created for an owner that has nothing: a stranger's guesses leave no storage.
 *
 * Each row written is billed, and each index is one more: so there are few, and keys are the tables themselves (`without rowid`).
 * A table takes time to make, once for every owner who wakes: so what only has to be forgotten in time shares one (lapsing.ts).
 */

/** Each takes a store from the version before to its own, `first` and on. The first makes everything: a step more costs every new owner a millisecond. */
const first = 7
const steps: string[] = [
  `create table owner (
     id integer primary key check (id = 1),
     copy text not null,
     keptUntilMs integer not null
   );
   create table counter (
     serial text primary key,
     failCount integer not null default 0,
     lastAuthAt integer,
     countAuth integer not null default 0,
     countAuthSuccess integer not null default 0,
     counter integer,
     timeShift integer
   ) without rowid;
   create table enrolment (
     serial text primary key,
     secretHash text not null,
     codeHash text not null,
     account text not null,
     expiresAt integer not null,
     tries integer not null,
     spentBy text,
     movesFrom text
   ) without rowid;
   create table txn (
     number integer primary key,
     id text not null unique,
     challenge text not null unique,
     application text not null,
     applicationName text not null,
     isTold integer not null,
     state text not null,
     reason text,
     match text not null,
     firstFactor integer not null,
     client text,
     madeAt integer not null,
     answerableUntilAt integer not null,
     redeemableUntilAt integer not null,
     answeredAtMs integer,
     answeredBy text,
     answer text,
     redeemedBy text,
     receiptAt integer,
     rung integer not null,
     resends integer not null,
     resentAt integer not null,
     settings text not null,
     phone text,
     toldTo text,
     attempt text,
     enrolment text,
     ping text,
     about text,
     reportedAt integer
   );
   create table challenge (
     transactionId text not null,
     serial text not null,
     jws text not null,
     hash text not null,
     wire text,
     primary key (transactionId, serial)
   ) without rowid;
   create table lapsing (
     kind text not null,
     key text not null,
     value text not null,
     untilAt integer not null,
     primary key (kind, key)
   ) without rowid;
   create table push (
     id text primary key,
     serial text not null,
     transactionId text not null,
     challenge text not null,
     kind text not null,
     attempt integer not null,
     nextAtMs integer not null,
     untilAt integer not null
   ) without rowid;
   create table outbox (
     id integer primary key,
     events text not null,
     madeAt integer not null,
     nextAtMs integer not null
   );
   create table ping (
     id text primary key,
     ping text not null,
     application text not null,
     attempt integer not null,
     nextAtMs integer not null,
     untilAt integer not null
   ) without rowid;`,
]
const newest = first + steps.length - 1

/** @returns whether this object has storage of ours, brought up to the newest step. */
export function openStorage(sql: SqlStorage): boolean {
  const exists = sql.exec("select 1 from sqlite_master where name = '_schema'").toArray().length > 0
  if (!exists) return false
  const { version = 0 } =
    sql.exec<{ version: number }>('select version from _schema').toArray()[0] ?? {}
  // A later one is of newer code, which runs beside ours during a deploy.
  if (version >= newest) return true
  if (version < first) dropAll(sql)
  runSteps(sql, Math.max(version, first - 1))
  return true
}

/** Creates everything, where nothing is. */
export function createStorage(sql: SqlStorage): void {
  runSteps(sql, first - 1)
}

function runSteps(sql: SqlStorage, from: number): void {
  for (const step of steps.slice(from - first + 1)) sql.exec(step)
  sql.exec(`create table if not exists _schema (version integer not null);
    delete from _schema;
    insert into _schema values (${newest})`)
}

/** From before the first release: D1 has all that must last. */
function dropAll(sql: SqlStorage): void {
  const tables = sql.exec<{ name: string }>(
    "select name from sqlite_master where type = 'table' and name not like '\\_cf\\_%' escape '\\'",
  )
  for (const { name } of tables.toArray()) sql.exec(`drop table "${name}"`)
}
