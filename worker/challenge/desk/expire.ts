/** Cleans up after the clock: what nobody answered or redeemed in time expires, and is forgotten a while later. */
import { missed } from './bell.ts'
import { keptCopy } from './copy.ts'
import { type Desk, nowSeconds, rows } from './desk.ts'
import { setDue } from './due.ts'
import { move } from './move.ts'
import { tellSockets } from './tell.ts'
import { drainSoon, record } from './outbox.ts'
import { transactionsWhere } from './transaction.ts'

/** A finished transaction is kept so long that a late poll or a repeated redeem gets an honest answer. */
const keptSeconds = 300

/** Expires what is over. Called by the alarm, and before each decision that counts open or missed prompts. */
export function expireDue(desk: Desk): void {
  const now = nowSeconds(desk)
  const copy = keptCopy(desk)
  const over = transactionsWhere(
    desk,
    "(state = 'pending' and answerableUntilAt <= ?1) or (state = 'approved' and redeemableUntilAt <= ?1)",
    now,
  )
  // A miss counts from when it happened, in the order it happened, however late we come to look.
  for (const transaction of over.toSorted((a, b) => a.answerableUntilAt - b.answerableUntilAt)) {
    const unanswered = transaction.state === 'pending'
    const expired = move(desk, transaction, 'expire')
    if (!expired) continue
    if (unanswered && transaction.rung)
      missed(desk, transaction.firstFactor, transaction.settings, transaction.answerableUntilAt)
    if (unanswered) tellSockets(desk, expired)
    record(desk, {
      kind: 'audit',
      body: {
        customer: copy?.customer ?? '',
        action: 'expire',
        success: false,
        user: copy?.person?.username,
        realm: copy?.person?.realm,
        application: transaction.application,
        client: transaction.client ?? undefined,
        detail: { unanswered },
      },
    })
  }
}

/** An administrator's clean-up of what is over anyway. @returns how many challenges are gone. */
export function purgeExpired(desk: Desk): number {
  expireDue(desk)
  const gone = rows(
    desk,
    `delete from challenge where transactionId in
       (select id from txn where state not in ('pending', 'approved')) returning serial`,
  )
  drainSoon(desk)
  return gone.length
}

/** Forgets finished transactions, spent idempotency keys and used request ids, and sets when to look again. */
export function purge(desk: Desk): void {
  const now = nowSeconds(desk)
  rows(
    desk,
    `delete from challenge where transactionId in (select id from txn where redeemableUntilAt + ? <= ?)`,
    keptSeconds,
    now,
  )
  rows(desk, 'delete from txn where redeemableUntilAt + ? <= ?', keptSeconds, now)
  rows(desk, 'delete from idempotency where untilAt <= ?', now)
  rows(desk, 'delete from seen where untilAt <= ?', now)
  const [left] = rows<{ at: number | null }>(
    desk,
    `select min(case state when 'pending' then answerableUntilAt when 'approved' then redeemableUntilAt
       else redeemableUntilAt + ? end) as at from txn`,
    keptSeconds,
  )
  if (left?.at) setDue(desk, 'transactions', left.at * 1000)
}
