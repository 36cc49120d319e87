/**
 * Enrolments that a login began (policy enroll_via_multichallenge), inside the owner's object. Each is a transaction like any other,
 * for one application, redeemed once; its token is none before it is finished: D1 keeps it apart, and what it takes to
 * judge the first code is kept here. A device that finishes approves it; a right code proves that the seed has arrived.
 */
import { setFailCount } from './counters.ts'
import { unseal } from '../../crypto/seal.ts'
import { type OtpState, matchOtp } from '../../factor/otp.ts'
import type { State } from '../../../schema/states.ts'
import type { AuditEntry } from '../../record/audit.ts'
import type { TokenType } from '../../store/tokens/row.ts'
import { copyOf, keptCopy } from './copy.ts'
import { type Address, type Desk, nowSeconds } from './desk.ts'
import { wakeAt } from './due.ts'
import { expireDue } from './expire.ts'
import { move } from './move.ts'
import { record } from './outbox.ts'
import type { Shown } from './otp.ts'
import { type AskedSettings, keptOf } from './settings.ts'
import { succeeded } from './terms.ts'
import {
  addTransaction,
  changeTransaction,
  currentState,
  transactionById,
  transactionsWhere,
} from './kept.ts'
import type { LoginEnrolment, Transaction } from './transaction.ts'

export type OpenEnrolment = {
  transactionId: string
  challenge: string
  application: { id: string; name: string }
  client: string | null
  seconds: number
  settings: AskedSettings
  enrolment: Omit<LoginEnrolment, 'failures' | 'proved'>
}

/** One at a time: a later login takes the place of an earlier one. @returns until when it can be finished. */
export async function openEnrolment(
  desk: Desk,
  address: Address,
  { transactionId, challenge, application, client, seconds, settings, enrolment }: OpenEnrolment,
): Promise<number> {
  await copyOf(desk, address)
  const same = transactionById(desk, transactionId)
  if (same) return same.answerableUntilAt
  expireDue(desk)
  endEnrolments(desk)
  const now = nowSeconds(desk)
  const untilAt = now + seconds
  const issued = [{ serial: enrolment.serial, jws: '', hash: '' }]
  const transaction: Transaction = {
    id: transactionId,
    challenge,
    application: application.id,
    applicationName: application.name,
    isTold: false,
    state: 'pending',
    reason: null,
    match: 'none',
    firstFactor: true,
    client,
    madeAt: now,
    answerableUntilAt: untilAt,
    redeemableUntilAt: untilAt + settings.redeemSeconds,
    answeredAtMs: null,
    answeredBy: null,
    answer: null,
    redeemedBy: null,
    receiptAt: null,
    rung: false,
    resends: 0,
    resentAt: now,
    settings: keptOf(settings),
    phone: null,
    toldTo: null,
    attempt: null,
    enrolment: { ...enrolment, failures: 0, proved: null },
    ping: null,
    about: null,
    reportedAt: null,
  }
  addTransaction(desk, transaction, issued)
  wakeAt(desk, untilAt * 1000)
  writeDown(desk, address, transaction, { action: 'enrolment_by_login', success: true })
  return untilAt
}

/** Ends those that are open: their tokens go, and nothing that was shown for them is good any more. */
export function endEnrolments(desk: Desk): void {
  for (const transaction of transactionsWhere(desk, "state = 'pending' and enrolment is not null"))
    move(desk, transaction, 'cancel', { reason: 'replaced' })
}

/** @returns the serial of the token that is to go, or null where nothing may be cancelled. */
export function cancelEnrolment(
  desk: Desk,
  address: Address,
  { transactionId, application }: { transactionId: string; application: string },
): string | null {
  const transaction = transactionById(desk, transactionId)
  if (!transaction?.enrolment?.optional || transaction.application !== application) return null
  if (transaction.enrolment.proved) return null
  if (currentState(desk, transaction) !== 'pending') return null
  if (!move(desk, transaction, 'cancel', { reason: 'put_off' })) return null
  writeDown(desk, address, transaction, { action: 'enrolment_put_off', success: true })
  return transaction.enrolment.serial
}

/** A device has finished, or D1 has what a right code proved: the login is complete, once. */
export function approveFinished(desk: Desk, transaction: Transaction, usable: string[]): void {
  const { enrolment } = transaction
  if (!enrolment || transaction.state !== 'pending' || !usable.includes(enrolment.serial)) return
  if (enrolment.otp && !enrolment.proved) return
  move(desk, transaction, 'approve', {
    answeredAtMs: desk.nowMs(),
    answeredBy: enrolment.serial,
  })
}

export type Proof =
  | { ok: true; serial: string; type: TokenType; receipt: string }
  | {
      ok: false
      reason: 'unknown' | 'not_approved' | 'locked'
      state?: State
      challenged: Shown[]
      /** What was typed was judged: there is nothing to wait for. */
      judged?: true
    }
  /** The first code was right: D1 must know of it before anything is redeemed. */
  | {
      ok: false
      reason: 'enrolment_proved'
      serial: string
      used: OtpState
      state: State
      challenged: Shown[]
      judged?: true
    }

type Redeeming = { transactionId: string; pass: string; attempt: string }

/** Redeems what is finished; else judges the first code of a token. A wrong one counts and leaves the enrolment as it is. */
export async function redeemEnrolment(
  desk: Desk,
  address: Address,
  { transactionId, pass, attempt }: Redeeming,
): Promise<Proof> {
  const seed = await seedOf(desk, transactionById(desk, transactionId)?.enrolment ?? null)

  // From here to the end nothing is awaited.
  const transaction = transactionById(desk, transactionId)
  const enrolment = transaction?.enrolment
  if (!transaction || !enrolment) return { ok: false, reason: 'unknown', challenged: [] }
  const { serial, otp } = enrolment
  const type: TokenType = otp?.type ?? 'push'
  const challenged = [{ serial, type, otpLength: otp?.length ?? 6 }]
  const state = currentState(desk, transaction)
  const done = { ok: true as const, serial, type, receipt: '' }
  if (state === 'redeemed' && transaction.redeemedBy === attempt) return done
  if (state === 'approved' && move(desk, transaction, 'redeem', { redeemedBy: attempt })) {
    succeeded(desk, keptCopy(desk), [serial], { terms: {}, attempt })
    writeDown(desk, address, transaction, { action: 'redeem', success: true })
    return done
  }
  const refused = { ok: false as const, reason: 'not_approved' as const, state, challenged }
  const right = (used: OtpState) =>
    ({ ok: false, reason: 'enrolment_proved', serial, used, state, challenged }) as const
  if (state !== 'pending' || !otp) return refused
  if (enrolment.proved) return right(enrolment.proved)
  if (enrolment.failures >= enrolment.maxFailCount)
    return { ok: false, reason: 'locked', state, challenged }
  if (pass === '') return refused
  const fresh = { counter: 0, timeShift: 0 }
  const match = seed ? matchOtp(otp, seed, fresh, pass, nowSeconds(desk)) : null
  const used = match?.ok ? match.state : null
  const failures = used ? enrolment.failures : enrolment.failures + 1
  const now: LoginEnrolment = { ...enrolment, failures, proved: used }
  changeTransaction(desk, transaction, { enrolment: now })
  if (used) return right(used)
  setFailCount(desk, serial, failures)
  writeDown(desk, address, transaction, { action: 'redeem', success: false })
  return { ...refused, judged: true }
}

async function seedOf(desk: Desk, enrolment: LoginEnrolment | null): Promise<Uint8Array | null> {
  if (!enrolment?.otp) return null
  return unseal(desk.deployment.master, `seed/${enrolment.serial}`, enrolment.otp.seed)
}

function writeDown(
  desk: Desk,
  { customer }: Address,
  { application, client, enrolment }: Pick<Transaction, 'application' | 'client' | 'enrolment'>,
  entry: Pick<AuditEntry, 'action' | 'success'>,
): void {
  const { serial, user, realm } = enrolment ?? {}
  const about = { serial, user, realm, application, client: client ?? undefined }
  record(desk, { kind: 'audit', body: { ...entry, ...about, customer } })
}
