/** Cleans up after the clock: what nobody answered or redeemed in time expires, and is forgotten a while later. */
import { missed } from './bell.ts'
import { keptCopy } from './copy.ts'
import { type Desk, type OpenTransaction, nowSeconds, rows } from './desk.ts'
import { keptSeconds } from './due.ts'
import { move } from './move.ts'
import { tellSockets } from './tell.ts'
import { record } from './outbox.ts'
import { openTransactions, transactionById, transactionsWhere } from './kept.ts'
import { keepPast } from './past.ts'

/** Expires what is over. Called by the alarm, and before each decision that counts open or missed prompts. */
export function expireDue(desk: Desk): void {
  const now = nowSeconds(desk)
  const over = [...openTransactions(desk).values()].filter((one) => isOver(one, now))
  if (over.length === 0) return
  const copy = keptCopy(desk)
  // A miss counts from when it happened, in the order it happened, however late we come to look.
  for (const { id } of over.toSorted((a, b) => a.answerableUntilAt - b.answerableUntilAt)) {
    const transaction = transactionById(desk, id)
    if (!transaction) continue
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

const isOver = (
  { state, answerableUntilAt, redeemableUntilAt }: OpenTransaction,
  now: number,
): boolean => (state === 'pending' ? answerableUntilAt : redeemableUntilAt) <= now

/** An administrator's clean-up of what is over anyway. @returns how many challenges are gone. */
export function purgeExpired(desk: Desk): number {
  expireDue(desk)
  const gone = rows(
    desk,
    `delete from challenge where transactionId in
       (select id from txn where state not in ('pending', 'approved')) returning serial`,
  )
  desk.kept.clear()
  return gone.length
}

/** Forgets finished transactions; what their person may read of them is kept on. */
export function purge(desk: Desk): void {
  const over = 'redeemableUntilAt + ? <= ?'
  const now = nowSeconds(desk)
  keepPast(desk, transactionsWhere(desk, over, keptSeconds, now))
  rows(
    desk,
    `delete from challenge where transactionId in (select id from txn where ${over})`,
    keptSeconds,
    now,
  )
  rows(desk, `delete from txn where ${over}`, keptSeconds, now)
  desk.kept.clear()
}
