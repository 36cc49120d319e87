/** What a transaction is inside its object. How it is kept: kept.ts. */
import type { OtpKind, OtpState } from '../../factor/otp.ts'
import type { PhoneTerms } from '../presence.ts'
import type { KeptSettings } from './settings.ts'
import type { Origin } from '../../../schema/signing.ts'
import type { RequestOutcome, State } from '../../../schema/states.ts'

/** Whom to tell, and what, sealed (ping.ts). */
export type Ping = { endpoint: string; sealed: string }

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

/** What its person reads of it afterwards. */
export type About = {
  origin: Origin
  /** A new device that wanted in, by its key. */
  newDevice?: { thumbprint: string; name: string }
}

export type Transaction = {
  id: string
  challenge: string
  application: string
  applicationName: string
  /** It has a webhook: it is told how this ends. */
  isTold: boolean
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
  /** The second under which its receipt is written to D1, beside the transaction's hash; null where there is none. */
  receiptAt: number | null
  rung: boolean
  resends: number
  resentAt: number
  /** Of those that it was made under, what is asked of it afterwards. */
  settings: KeptSettings
  /** How its stock phones are asked; null where there is none among its tokens. */
  phone: PhoneTerms | null
  /** The stock phone that confirmed and shows the code, which the person has yet to type at the login. */
  toldTo: string | null
  /** A stock phone's answer by its caller's own name for it, so that a repeated call is told the same. */
  attempt: string | null
  /** null: an ordinary one, which asks. */
  enrolment: LoginEnrolment | null
  /** Whom to tell when it was answered, or will not be (ping.ts). */
  ping: Ping | null
  /** null: it asked nobody, or nobody who could read of it. */
  about: About | null
  /** Its person said that it was not theirs. */
  reportedAt: number | null
}

/** What is kept of one for its person when it is forgotten (past.ts). */
export type Past = Pick<
  Transaction,
  | 'application'
  | 'applicationName'
  | 'client'
  | 'madeAt'
  | 'answeredBy'
  | 'state'
  | 'reason'
  | 'reportedAt'
> & {
  about: About
  outcome: RequestOutcome
  /** As it was called then. */
  deviceName: string
}

/** What was signed for one device, or stands for a token that is typed. */
export type IssuedChallenge = { serial: string; jws: string; hash: string }

/** As it is in memory; `issued` is null where it was not read yet. */
export type Kept = { transaction: Transaction; issued: IssuedChallenge[] | null }
