/** A transaction as the object keeps it, and the few ways to read one. */
import type { OtpKind, OtpState } from '../../factor/otp.ts'
import type { Settings } from '../../policy/settings.ts'
import type { Match, PhoneTerms } from '../presence.ts'
import type { State } from '../../../schema/states.ts'
import { stateAt } from '../state.ts'
import { type Desk, type OpenTransaction, type TokenCopy, nowSeconds, rows } from './desk.ts'

/** Of a transaction that enrols (by-login.ts). */
export type LoginEnrolment = {
  serial: string
  /** As the login named them: a person without tokens has no name in their object. */
  user: string
  realm: string
  /** Whoever logs in may put it off. */
  optional: boolean
  maxFailCount: number
  /** null: a device. The seed is sealed. */
  otp: (OtpKind & { seed: string }) | null
  /** Wrong codes so far. */
  failures: number
  /** What is used up by the code that was right. */
  proved: OtpState | null
}

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
  /** How its stock phones are asked; null where there is none among its tokens. */
  phone: PhoneTerms | null
  /** The stock phone that confirmed and shows the code, which the person has yet to type at the login. */
  toldTo: string | null
  /** A stock phone's answer by its caller's own name for it, so that a repeated call is told the same. */
  attempt: string | null
  /** null: an ordinary one, which asks. */
  enrolment: LoginEnrolment | null
}

type TransactionRow = Omit<
  Transaction,
  'firstFactor' | 'rung' | 'settings' | 'phone' | 'enrolment'
> & {
  enrolment: string | null
  firstFactor: number
  rung: number
  settings: string
  phone: string | null
}

const read = (row: TransactionRow): Transaction => ({
  ...row,
  firstFactor: row.firstFactor === 1,
  rung: row.rung === 1,
  settings: JSON.parse(row.settings) as Settings,
  phone: row.phone === null ? null : (JSON.parse(row.phone) as PhoneTerms),
  enrolment: row.enrolment === null ? null : (JSON.parse(row.enrolment) as LoginEnrolment),
})

export function transactionById(desk: Desk, id: string): Transaction | null {
  const [row] = rows<TransactionRow>(desk, 'select * from txn where id = ?', id)
  return row ? read(row) : null
}

export function transactionByChallenge(desk: Desk, challenge: string): Transaction | null {
  const [row] = rows<TransactionRow>(desk, 'select * from txn where challenge = ?', challenge)
  return row ? read(row) : null
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

/** Call it with each row that is written. */
export function noteOpen(desk: Desk, transaction: OpenTransaction): void {
  const open = openTransactions(desk)
  const { id, state } = transaction
  if (state === 'pending' || state === 'approved') open.set(id, transaction)
  else open.delete(id)
}

/** Its state now: what is stored, and what the clock makes of it. */
export const currentState = (desk: Desk, transaction: Transaction): State =>
  stateAt(transaction, nowSeconds(desk))

export type IssuedChallenge = { serial: string; jws: string; hash: string }

export const challengesOf = (desk: Desk, id: string): IssuedChallenge[] =>
  rows<IssuedChallenge>(desk, 'select serial, jws, hash from challenge where transactionId = ?', id)

/** How a token's holder shows that they are where the login is. */
export const matchOf = (
  token: TokenCopy,
  { match, phone }: Pick<Transaction, 'match' | 'phone'>,
): Match => {
  if (token.type !== 'push') return 'none'
  return token.phone ? (phone?.match ?? 'none') : match
}
