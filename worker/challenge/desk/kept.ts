/**
 * Transactions in the object's table, and the latest of them in memory as well: the five requests of a login read its row at most
 * once. Everything that is written of one is written here, so that the two never differ.
 */
import type { PhoneTerms } from '../presence.ts'
import type { State } from '../../../schema/states.ts'
import { stateAt } from '../state.ts'
import { type Desk, type OpenTransaction, needStorage, nowSeconds, rows } from './desk.ts'
import type { KeptSettings } from './settings.ts'
import type { About, IssuedChallenge, LoginEnrolment, Ping, Transaction } from './transaction.ts'

/** Some kilobytes each. More than a device is shown at once. */
const inMemory = 32

type TransactionRow = Omit<
  Transaction,
  'firstFactor' | 'isTold' | 'rung' | 'settings' | 'phone' | 'enrolment' | 'ping' | 'about'
> & {
  ping: string | null
  about: string | null
  number: number
  enrolment: string | null
  firstFactor: number
  isTold: number
  rung: number
  settings: string
  phone: string | null
}

const read = ({ number: _, ...row }: TransactionRow): Transaction => ({
  ...row,
  firstFactor: row.firstFactor === 1,
  isTold: row.isTold === 1,
  rung: row.rung === 1,
  settings: JSON.parse(row.settings) as KeptSettings,
  phone: row.phone === null ? null : (JSON.parse(row.phone) as PhoneTerms),
  ping: row.ping === null ? null : (JSON.parse(row.ping) as Ping),
  about: row.about === null ? null : (JSON.parse(row.about) as About),
  enrolment: row.enrolment === null ? null : (JSON.parse(row.enrolment) as LoginEnrolment),
})

/** As a column holds it. */
const column = (value: Transaction[keyof Transaction]): SqlStorageValue =>
  typeof value === 'boolean'
    ? Number(value)
    : value !== null && typeof value === 'object'
      ? JSON.stringify(value)
      : value

/** Its state now: what is stored, and what the clock makes of it. */
export const currentState = (desk: Desk, transaction: Transaction): State =>
  stateAt(transaction, nowSeconds(desk))

export function transactionById(desk: Desk, id: string): Transaction | null {
  const kept = desk.kept.get(id)
  if (kept) return kept.transaction
  const [row] = rows<TransactionRow>(desk, 'select * from txn where id = ?', id)
  return row ? remember(desk, read(row)) : null
}

export function transactionByChallenge(desk: Desk, challenge: string): Transaction | null {
  for (const { transaction } of desk.kept.values())
    if (transaction.challenge === challenge) return transaction
  const [row] = rows<TransactionRow>(desk, 'select * from txn where challenge = ?', challenge)
  return row ? remember(desk, read(row)) : null
}

export const transactionsWhere = (
  desk: Desk,
  condition: string,
  ...bindings: SqlStorageValue[]
): Transaction[] =>
  rows<TransactionRow>(
    desk,
    `select * from txn where ${condition} order by number desc`,
    ...bindings,
  ).map(read)

export function challengesOf(desk: Desk, id: string): IssuedChallenge[] {
  const kept = desk.kept.get(id)
  if (kept?.issued) return kept.issued
  const issued = rows<IssuedChallenge>(
    desk,
    'select serial, jws, hash from challenge where transactionId = ?',
    id,
  )
  if (kept) kept.issued = issued
  return issued
}

/** The pending and the approved ones, the oldest first. In memory: every trigger and every answer looks at them all. */
export function openTransactions(desk: Desk): Map<string, OpenTransaction> {
  desk.open ??= new Map(
    rows<TransactionRow>(
      desk,
      "select * from txn where state in ('pending', 'approved') order by number",
    ).map((row) => [row.id, read(row)]),
  )
  return desk.open
}

/** @returns false where there is one of this id already. */
export function addTransaction(
  desk: Desk,
  transaction: Transaction,
  issued: IssuedChallenge[],
): boolean {
  needStorage(desk)
  const columns = Object.entries(transaction).filter(([, value]) => value !== null)
  const { rowsWritten } = desk.sql.exec(
    `insert into txn (${columns.map(([name]) => name).join(', ')}) values (${columns.map(() => '?').join(', ')})
     on conflict (id) do nothing`,
    ...columns.map(([, value]) => column(value)),
  )
  if (rowsWritten === 0) return false
  for (const { serial, jws, hash } of issued)
    desk.sql.exec(
      'insert into challenge (transactionId, serial, jws, hash) values (?, ?, ?, ?)',
      transaction.id,
      serial,
      jws,
      hash,
    )
  remember(desk, transaction, issued)
  noteOpen(desk, transaction)
  return true
}

/** @returns the transaction as it is then. */
export function changeTransaction(
  desk: Desk,
  { id }: Pick<Transaction, 'id'>,
  changed: Partial<Omit<Transaction, 'id' | 'challenge'>>,
): Transaction | null {
  const now = transactionById(desk, id)
  if (!now) return null
  const columns = Object.entries(changed)
  desk.sql.exec(
    `update txn set ${columns.map(([name]) => `${name} = ?`).join(', ')} where id = ?`,
    ...columns.map(([, value]) => column(value)),
    id,
  )
  const next: Transaction = { ...now, ...changed }
  remember(desk, next, desk.kept.get(id)?.issued ?? null)
  noteOpen(desk, next)
  return next
}

/** What was issued to this token is withdrawn; the others keep theirs. */
export function withdraw(desk: Desk, id: string, serial: string): void {
  rows(desk, 'delete from challenge where transactionId = ? and serial = ?', id, serial)
  const kept = desk.kept.get(id)
  if (kept) kept.issued = null
}

/** The latest stay. */
function remember(
  desk: Desk,
  transaction: Transaction,
  issued: IssuedChallenge[] | null = null,
): Transaction {
  desk.kept.delete(transaction.id)
  desk.kept.set(transaction.id, { transaction, issued })
  const [oldest] = desk.kept.keys()
  if (desk.kept.size > inMemory && oldest !== undefined) desk.kept.delete(oldest)
  return transaction
}

function noteOpen(desk: Desk, transaction: OpenTransaction): void {
  const open = openTransactions(desk)
  const { id, state } = transaction
  if (state === 'pending' || state === 'approved') open.set(id, transaction)
  else open.delete(id)
}
