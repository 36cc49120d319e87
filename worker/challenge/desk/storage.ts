/**
 * The object's own SQLite: numbered, additive steps, because old and new code overlap during a deploy. (PRAGMA user_version
 * is refused in an object, hence `_schema`.) Nothing is created for an owner that has nothing: a stranger's guesses leave no storage.
 */

const steps: string[] = [
  `create table owner (
     id integer primary key check (id = 1),
     copy text not null
   );
   create table counter (
     serial text primary key,
     failCount integer not null
   );
   create table enrolment (
     serial text primary key,
     secretHash text not null,
     codeHash text not null,
     account text not null,
     expiresAt integer not null,
     tries integer not null,
     spentBy text
   );
   create table txn (
     id text primary key,
     challenge text not null unique,
     application text not null,
     applicationName text not null,
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
     receipt text,
     rung integer not null,
     counted integer not null default 0,
     resends integer not null,
     resentAt integer not null,
     settings text not null
   );
   create index txn_by_time on txn (madeAt);
   create table challenge (
     transactionId text not null,
     serial text not null,
     jws text not null,
     hash text not null,
     primary key (transactionId, serial)
   );
   create table quiet (
     scope text primary key,
     misses integer not null,
     quietUntilAt integer not null
   );
   create table ring (
     scope text not null,
     at integer not null
   );
   create index ring_by_scope on ring (scope, at);
   create table push (
     id text primary key,
     serial text not null,
     transactionId text not null,
     challenge text not null,
     kind text not null,
     attempt integer not null,
     nextAtMs integer not null,
     untilAt integer not null
   );
   create table idempotency (
     key text primary key,
     requestHash text not null,
     transactionId text not null,
     answer text not null,
     untilAt integer not null
   );
   create table seen (
     jti text primary key,
     untilAt integer not null
   );
   create table outbox (
     eventId text primary key,
     kind text not null,
     body text not null,
     madeAt integer not null
   );
   create table due (
     kind text primary key,
     atMs integer not null
   );`,
  // The code of the first step goes on for a while beside ours; its rows have none.
  `alter table quiet add column forgottenAt integer;
   alter table seen add column usedBy text;
   create table pushed (
     serial text primary key,
     outcome text not null,
     at integer not null
   );`,
  `create table otp (
     serial text primary key,
     counter integer not null,
     timeShift integer not null
   );`,
  // How stock phones are asked, which of them was told the code, and what each of them reads.
  `alter table txn add column phone text;
   alter table txn add column toldTo text;
   alter table txn add column attempt text;
   alter table challenge add column wire text;`,
  `create table attempt (
     id text primary key,
     outcome text not null,
     at integer not null,
     untilAt integer not null
   );
   create index attempt_by_outcome on attempt (outcome, at);
   alter table counter add column lastAuthAt integer;`,
  `alter table txn add column enrolment text;
   alter table counter add column countAuth integer not null default 0;
   alter table counter add column countAuthSuccess integer not null default 0;`,
]

/** @returns whether this object has storage of ours, brought up to the newest step. */
export function openStorage(sql: SqlStorage): boolean {
  const exists = sql.exec("select 1 from sqlite_master where name = '_schema'").toArray().length > 0
  if (exists) runSteps(sql)
  return exists
}

/** Creates what is missing, up to the newest step or an older one. Safe to repeat. */
export function createStorage(sql: SqlStorage, upTo = steps.length): void {
  sql.exec('create table if not exists _schema (version integer not null)')
  runSteps(sql, upTo)
}

function runSteps(sql: SqlStorage, upTo = steps.length): void {
  const row = sql.exec<{ version: number }>('select version from _schema').toArray()[0]
  if (!row) sql.exec('insert into _schema values (0)')
  const version = row?.version ?? 0
  for (const [index, step] of steps.entries()) {
    if (index < version || index >= upTo) continue
    sql.exec(step)
    sql.exec('update _schema set version = ?', index + 1)
  }
}
