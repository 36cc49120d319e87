/** The application consumes an approval, once. The receipt is signed before the move and is worth something only with it. */
import { sha256 } from '../../../schema/encoding.ts'
import { sign } from '../../../schema/jws.ts'
import { type ReceiptClaims, typ } from '../../../schema/signing.ts'
import type { State } from '../../../schema/states.ts'
import { setFailCount } from './answer.ts'
import { copyOf, failCountOf } from './copy.ts'
import { type Address, type Desk, nowSeconds } from './desk.ts'
import { move } from './move.ts'
import { drainSoon, record } from './outbox.ts'
import { type Transaction, challengesOf, currentState, transactionById } from './transaction.ts'

export type Redemption =
  | { ok: true; serial: string; receipt: string }
  | { ok: false; reason: 'unknown' | 'not_approved'; state?: State; serials: string[] }

/** attempt: the caller's own name for this redeem; the same attempt again is told the same. */
export type RedeemRequest = {
  transactionId: string
  application: string
  serial?: string
  attempt: string
}

/** Only the application that triggered may redeem; to any other the transaction does not exist. */
export async function redeem(
  desk: Desk,
  address: Address,
  request: RedeemRequest,
): Promise<Redemption> {
  const copy = await copyOf(desk, address)
  const transaction = transactionById(desk, request.transactionId)
  if (!transaction || transaction.application !== request.application)
    return { ok: false, reason: 'unknown', serials: [] }
  const issued = challengesOf(desk, transaction.id)
  const serials = issued.map(({ serial }) => serial)
  if (request.serial && !serials.includes(request.serial))
    return { ok: false, reason: 'unknown', serials: [] }
  const state = currentState(desk, transaction)
  if (state === 'redeemed' && transaction.redeemedBy === request.attempt)
    return { ok: true, serial: transaction.answeredBy ?? '', receipt: transaction.receipt ?? '' }
  if (state !== 'approved') return { ok: false, reason: 'not_approved', state, serials }

  const serial = transaction.answeredBy ?? ''
  const receipt = await signReceipt(
    desk,
    transaction,
    issued.find((one) => one.serial === serial)?.jws ?? '',
  )
  const transactionHash = await sha256(transaction.id)
  const moved = move(desk, transaction, 'redeem', { redeemedBy: request.attempt, receipt })
  if (!moved) {
    const now = transactionById(desk, transaction.id)
    return {
      ok: false,
      reason: 'not_approved',
      ...(now && { state: currentState(desk, now) }),
      serials,
    }
  }
  if (failCountOf(desk, serial) > 0) setFailCount(desk, serial, 0)
  record(desk, {
    kind: 'receipt',
    body: {
      customer: copy.customer,
      transactionHash,
      application: transaction.application,
      serial,
      receipt,
    },
  })
  record(desk, {
    kind: 'audit',
    body: {
      customer: copy.customer,
      action: 'redeem',
      success: true,
      serial,
      user: copy.person?.username,
      realm: copy.person?.realm,
      application: transaction.application,
      client: transaction.client ?? undefined,
    },
  })
  drainSoon(desk)
  return { ok: true, serial, receipt }
}

async function signReceipt(
  desk: Desk,
  transaction: Transaction,
  challenge: string,
): Promise<string> {
  const claims: ReceiptClaims = {
    iss: desk.deployment.origin,
    iat: nowSeconds(desk),
    transactionHash: await sha256(transaction.id),
    verdict: 'approved',
    challenge,
    answer: transaction.answer ?? '',
  }
  return sign(typ.receipt, claims, desk.deployment.signing)
}
