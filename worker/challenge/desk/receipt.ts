/** What an application gets for an approval, and what is kept of it: by the outbox in D1, and here only until then. */
import { sha256 } from '../../../schema/encoding.ts'
import { sign } from '../../../schema/jws.ts'
import { type ReceiptClaims, typ } from '../../../schema/signing.ts'
import type { OutboxEvent } from '../../record/outbox.ts'
import { putTogether } from '../../record/receipt.ts'
import { findReceipt } from '../../store/receipts.ts'
import { type Desk, type OwnerCopy, nowSeconds, rows } from './desk.ts'
import { waitingReceipt } from './outbox.ts'
import type { Transaction } from './transaction.ts'

export type Evidence = Pick<ReceiptClaims, 'challenge' | 'textCovered'>

/** What a stock phone read. Its answer is over the nonce of it, and not over the text. */
export function wireOf(desk: Desk, { id }: Transaction, serial: string): Evidence {
  const [row] = rows<{ wire: string | null }>(
    desk,
    'select wire from challenge where transactionId = ? and serial = ?',
    id,
    serial,
  )
  return { challenge: row?.wire ?? '', textCovered: false }
}

export async function signReceipt(
  desk: Desk,
  transaction: Transaction,
  transactionHash: string,
  evidence: Evidence,
): Promise<string> {
  const claims: ReceiptClaims = {
    iss: desk.deployment.origin,
    iat: nowSeconds(desk),
    transactionHash,
    verdict: 'approved',
    ...evidence,
    answer: transaction.answer ?? '',
  }
  return sign(typ.receipt, claims, desk.deployment.signing)
}

export const receiptEvent = (
  { customer }: OwnerCopy,
  { application, answeredBy }: Transaction,
  transactionHash: string,
  receipt: string,
): OutboxEvent => ({
  kind: 'receipt',
  body: {
    customer,
    transactionHash,
    application,
    serial: answeredBy ?? '',
    receipt,
  },
})

/** Of one that was redeemed before: the call is repeated, because its answer was lost. It is three kilobytes, so it is kept in one place. */
export async function receiptOf(
  desk: Desk,
  { customer }: OwnerCopy,
  { id, receiptAt }: Transaction,
): Promise<string> {
  if (receiptAt === null) return ''
  const transactionHash = await sha256(id)
  const waiting = waitingReceipt(desk, transactionHash)
  if (waiting !== null) return waiting
  const kept = await findReceipt(desk.db, { customer, at: receiptAt, transactionHash })
  return kept ? putTogether(kept) : ''
}
