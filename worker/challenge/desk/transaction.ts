/** A transaction as the object keeps it, and the few ways to read one. */
import type { Settings } from '../../policy/settings.ts'
import type { State } from '../../../schema/states.ts'
import { stateAt } from '../state.ts'
import { type Desk, nowSeconds, rows } from './desk.ts'

export type Transaction = {
  id: string
  challenge: string
  application: string
  applicationName: string
  state: State
  reason: string | null
  match: 'code' | 'none'
  firstFactor: boolean
  client: string | null
  madeAt: number
  answerableUntilAt: number
  redeemableUntilAt: number
  answeredAtMs: number | null
  answeredBy: string | null
  answer: string | null
  /** The caller's own name for its redeem, so that a repeated call is told the same. */
  redeemedBy: string | null
  receipt: string | null
  rung: boolean
  resends: number
  resentAt: number
  /** Those that it was made under. */
  settings: Settings
}

type Row = Omit<Transaction, 'firstFactor' | 'rung' | 'settings'> & {
  firstFactor: number
  rung: number
  settings: string
}

const read = (row: Row): Transaction => ({
  ...row,
  firstFactor: row.firstFactor === 1,
  rung: row.rung === 1,
  settings: JSON.parse(row.settings) as Settings,
})

export function transactionById(desk: Desk, id: string): Transaction | null {
  const [row] = rows<Row>(desk, 'select * from txn where id = ?', id)
  return row ? read(row) : null
}

export function transactionByChallenge(desk: Desk, challenge: string): Transaction | null {
  const [row] = rows<Row>(desk, 'select * from txn where challenge = ?', challenge)
  return row ? read(row) : null
}

export const transactionsWhere = (
  desk: Desk,
  condition: string,
  ...bindings: SqlStorageValue[]
): Transaction[] =>
  rows<Row>(
    desk,
    `select * from txn where ${condition} order by madeAt desc, rowid desc`,
    ...bindings,
  ).map(read)

/** Its state now: what is stored, and what the clock makes of it. */
export const currentState = (desk: Desk, transaction: Transaction): State =>
  stateAt(transaction, nowSeconds(desk))

export type IssuedChallenge = { serial: string; jws: string; hash: string }

export const challengesOf = (desk: Desk, id: string): IssuedChallenge[] =>
  rows<IssuedChallenge>(desk, 'select serial, jws, hash from challenge where transactionId = ?', id)
