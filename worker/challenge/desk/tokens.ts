/** A change of the owner's tokens takes force here: what the new truth does not allow ends before the change is acknowledged. */
import { closeOthers } from './sockets.ts'
import { isUsable, refreshCopy } from './copy.ts'
import { type Address, type Desk, rows } from './desk.ts'
import { move } from './move.ts'
import { notifyEnded } from './notify.ts'
import { drainSoon } from './outbox.ts'
import { challengesOf, transactionsWhere } from './transaction.ts'

/** Reads D1 again; challenges of tokens that are gone are withdrawn, their sockets closed, and transactions without any left cancelled. */
export async function tokensChanged(desk: Desk, address: Address): Promise<void> {
  const copy = await refreshCopy(desk, address)
  const usable = copy.tokens.filter(isUsable).map(({ serial }) => serial)
  closeOthers(desk, usable)
  for (const transaction of transactionsWhere(desk, "state in ('pending', 'approved')")) {
    for (const { serial } of challengesOf(desk, transaction.id))
      if (!usable.includes(serial))
        rows(
          desk,
          'delete from challenge where transactionId = ? and serial = ?',
          transaction.id,
          serial,
        )
    const approvedByGone =
      transaction.answeredBy !== null && !usable.includes(transaction.answeredBy)
    if (!approvedByGone && challengesOf(desk, transaction.id).length > 0) continue
    const moved = move(desk, transaction, 'cancel', { reason: 'token_retired' })
    if (moved) notifyEnded(desk, moved)
  }
  rows(
    desk,
    `delete from push where serial not in (select value from json_each(?))`,
    JSON.stringify(usable),
  )
  drainSoon(desk)
}
