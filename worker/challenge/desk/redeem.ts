/** The application consumes an approval, once. The receipt is signed before the move and is worth something only with it. */
import { countFailure, isLocked } from './counters.ts'
import { sha256 } from '../../../schema/encoding.ts'
import type { State } from '../../../schema/states.ts'
import type { OutboxEvent } from '../../record/outbox.ts'
import type { TokenType } from '../../store/tokens/row.ts'
import { codeMatches } from '../code.ts'
import { shownCodeFor } from '../presence.ts'
import { approved } from './bell.ts'
import { copyOf, isUsable } from './copy.ts'
import { type Address, type Desk, type OwnerCopy, type TokenCopy, nowSeconds } from './desk.ts'
import { type Proof, redeemEnrolment } from './by-login.ts'
import { move } from './move.ts'
import { notifyEnded } from './notify.ts'
import { type Shown, couldBe, judge, prepare, shown } from './otp.ts'
import { record } from './outbox.ts'
import { type Evidence, receiptEvent, receiptOf, signReceipt, wireOf } from './receipt.ts'
import {
  type Attempt,
  type Terms,
  type TooLongAgo,
  type TooOften,
  countAttempt,
  succeeded,
  tooLongAgo,
  tooOften,
} from './terms.ts'
import { challengesOf, currentState, transactionById } from './kept.ts'
import { matchOf } from './match.ts'
import type { Transaction } from './transaction.ts'

type Refused = {
  ok: false
  state?: State
  challenged: Shown[]
  /** What was typed was judged: there is nothing to wait for. */
  judged?: true
}
export type Redemption =
  | { ok: true; serial: string; type: TokenType; receipt: string }
  | Proof
  | (Refused & { reason: 'unknown' | 'not_approved' | 'locked' })
  | (Refused & (TooOften | TooLongAgo))

/** attempt: the caller's own name for this redeem; the same attempt again is told the same. */
export type RedeemRequest = {
  transactionId: string
  /** null: whoever is heard without being known. Keycloak triggers with its account and redeems without. */
  application: string | null
  serial?: string
  attempt: string
  terms: Terms
  /** What the person typed: one of their one-time passwords, or nothing where a device answers. */
  pass: string
}

/** Of applications only the one that triggered may redeem; to any other the transaction does not exist. */
export async function redeem(
  desk: Desk,
  address: Address,
  request: RedeemRequest,
): Promise<Redemption> {
  const copy = await copyOf(desk, address)
  const transaction = transactionById(desk, request.transactionId)
  const { application } = request
  // What we ask for ourselves (POST /auth, approvals) is nobody else's, known or not.
  const isOurs = transaction?.application.startsWith('/') ?? false
  if (!transaction || ((isOurs || application !== null) && transaction.application !== application))
    return { ok: false, reason: 'unknown', challenged: [] }
  if (transaction.enrolment) return redeemEnrolment(desk, address, request)
  const issued = challengesOf(desk, transaction.id)
  const tokens = issued.flatMap(
    ({ serial }) => copy.tokens.find((token) => token.serial === serial) ?? [],
  )
  const challenged = tokens.map(shown)
  if (request.serial && !issued.some(({ serial }) => serial === request.serial))
    return { ok: false, reason: 'unknown', challenged: [] }
  const state = currentState(desk, transaction)
  if (state === 'redeemed' && transaction.redeemedBy === request.attempt)
    return done(copy, transaction, await receiptOf(desk, copy, transaction))
  // A challenge keeps what it was made under.
  const terms = { ...request.terms, resetAll: transaction.settings.resetAll === 1 }
  const attempt: Attempt = { terms, attempt: request.attempt }
  const limited = tooOften(desk, attempt)
  if (limited) return { ...limited, challenged }
  if (state === 'pending' && request.pass !== '') {
    const asked = tokens.filter(({ serial }) => !request.serial || serial === request.serial)
    const showing = asked.filter((token) => matchOf(token, transaction) === 'shown')
    if (showing.length > 0 && !asked.some((token) => couldBe(token, request.pass)))
      return redeemByShownCode(desk, copy, { ...request, terms }, showing, challenged)
    const guesses = asked.filter((token) => couldBe(token, request.pass))
    if (guesses.length > 0)
      return redeemByOtp(desk, copy, { ...request, terms }, guesses, challenged)
    // Not even the form of a code: somebody guesses all the same.
    const typed = asked.filter(({ type }) => type !== 'push')
    for (const token of typed) if (!isLocked(desk, token)) countFailure(desk, token)
    if (typed.length > 0) countAttempt(desk, attempt, 'fail')
  }
  if (state !== 'approved') return { ok: false, reason: 'not_approved', state, challenged }

  const serial = transaction.answeredBy ?? ''
  const byPhone = copy.tokens.some((token) => token.serial === serial && token.phone)
  const evidence: Evidence = byPhone
    ? wireOf(desk, transaction, serial)
    : { challenge: issued.find((one) => one.serial === serial)?.jws ?? '' }
  const transactionHash = await sha256(transaction.id)
  const receipt = await signReceipt(desk, transaction, transactionHash, evidence)

  // From here to the end nothing is awaited.
  const refused = tooOften(desk, attempt) ?? tooLongAgo(desk, serial, terms)
  if (refused) return { ...refused, challenged }
  const moved = move(desk, transaction, 'redeem', {
    redeemedBy: request.attempt,
    receiptAt: nowSeconds(desk),
  })
  if (!moved) {
    const now = transactionById(desk, transaction.id)
    return {
      ok: false,
      reason: 'not_approved',
      ...(now && { state: currentState(desk, now) }),
      challenged,
    }
  }
  succeeded(desk, copy, [serial], attempt, [
    receiptEvent(copy, moved, transactionHash, receipt),
    redeemEvent(copy, transaction, serial, true),
  ])
  return done(copy, moved, receipt)
}

const done = (copy: OwnerCopy, { answeredBy }: Transaction, receipt = ''): Redemption => ({
  ok: true,
  serial: answeredBy ?? '',
  type: copy.tokens.find(({ serial }) => serial === answeredBy)?.type ?? 'push',
  receipt,
})

/** A typed one-time password answers and redeems in one step; prompts on devices go. */
async function redeemByOtp(
  desk: Desk,
  copy: OwnerCopy,
  request: RedeemRequest,
  tokens: TokenCopy[],
  challenged: Shown[],
): Promise<Redemption> {
  const guesses = tokens.map(({ serial }) => ({ serial, otp: request.pass }))
  const prepared = await prepare(desk, guesses)

  // From here to the end nothing is awaited.
  const transaction = transactionById(desk, request.transactionId)
  const state = transaction ? currentState(desk, transaction) : null
  if (!transaction || state !== 'pending')
    return { ok: false, reason: 'not_approved', ...(state && { state }), challenged }
  const { terms, attempt } = request
  const outcome = judge(desk, prepared, { countWrong: true, terms, attempt })
  const serial = outcome.ok ? (outcome.tokens[0]?.serial ?? '') : ''
  const judged = outcome.ok ? serial : guesses[0]!.serial
  record(desk, redeemEvent(copy, transaction, judged, outcome.ok))
  if (!outcome.ok) {
    if (outcome.reason === 'too_often' || outcome.reason === 'too_long_ago')
      return { ...outcome, challenged }
    const reason = outcome.reason === 'locked' ? 'locked' : 'not_approved'
    return { ok: false, reason, state, challenged }
  }
  const answer = { answeredAtMs: desk.nowMs(), answeredBy: serial }
  const answered = move(desk, transaction, 'approve', answer)
  const moved = answered && move(desk, answered, 'redeem', { redeemedBy: request.attempt })
  if (!moved) return { ok: false, reason: 'not_approved', state, challenged }
  approved(desk, transaction.firstFactor)
  notifyEnded(desk, moved)
  return done(copy, moved)
}

/** A stock phone confirmed and shows a code, which is typed here: it redeems in one step. A wrong one counts as a failure. */
async function redeemByShownCode(
  desk: Desk,
  copy: OwnerCopy,
  request: RedeemRequest,
  showing: TokenCopy[],
  challenged: Shown[],
): Promise<Redemption> {
  const asked = transactionById(desk, request.transactionId)
  const code = asked && (await shownCodeFor(desk.deployment.master, asked.challenge))
  const transactionHash = await sha256(request.transactionId)
  const wire = asked && wireOf(desk, asked, asked.toldTo ?? '')
  const receipt = wire && (await signReceipt(desk, asked, transactionHash, wire))

  // From here to the end nothing is awaited.
  const transaction = transactionById(desk, request.transactionId)
  const state = transaction ? currentState(desk, transaction) : null
  const failed = { ok: false, reason: 'not_approved', ...(state && { state }), challenged } as const
  if (!transaction || state !== 'pending') return failed
  const told = showing.find(({ serial }) => serial === transaction.toldTo)
  const open = showing.filter((token) => isUsable(desk, token) && !isLocked(desk, token))
  if (open.length === 0) return { ...failed, reason: 'locked' }
  const limited = tooOften(desk, request) ?? (told && tooLongAgo(desk, told.serial, request.terms))
  if (limited) return { ...limited, challenged }
  const right = told && open.includes(told) && codeMatches(request.pass, code ?? '')
  if (!right || transaction.answer !== asked?.answer) {
    for (const token of open) countFailure(desk, token)
    countAttempt(desk, request, 'fail')
    const judged = open.map(({ serial }) => serial).join(',')
    record(desk, redeemEvent(copy, transaction, judged, false))
    return { ...failed, judged: true }
  }
  const answer = { answeredAtMs: desk.nowMs(), answeredBy: told.serial }
  const answered = move(desk, transaction, 'approve', answer)
  const moved =
    answered &&
    move(desk, answered, 'redeem', { redeemedBy: request.attempt, receiptAt: nowSeconds(desk) })
  if (!moved) return failed
  succeeded(desk, copy, [told.serial], request, [
    receiptEvent(copy, moved, transactionHash, receipt ?? ''),
    redeemEvent(copy, moved, told.serial, true),
  ])
  approved(desk, transaction.firstFactor)
  notifyEnded(desk, moved)
  return done(copy, moved, receipt ?? '')
}

const redeemEvent = (
  { customer, person }: OwnerCopy,
  { application, client }: Transaction,
  serial: string,
  success: boolean,
): OutboxEvent => ({
  kind: 'audit',
  body: {
    customer,
    action: 'redeem',
    success,
    serial,
    user: person?.username,
    realm: person?.realm,
    application,
    client: client ?? undefined,
  },
})
