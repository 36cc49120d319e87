/** A change of the owner's tokens takes force here: what the new truth does not allow ends before the change is acknowledged. */
import { failCountOf, otpStateOf, setFailCount, usesOf } from './counters.ts'
import { approveFinished } from './by-login.ts'
import { closeOthers } from './sockets.ts'
import { copyOf, isUsable, readChange } from './copy.ts'
import { type Address, type Desk, type Found, type Uses, rows } from './desk.ts'
import { move } from './move.ts'
import { notifyEnded } from './notify.ts'
import { drain, isWaiting } from './outbox.ts'
import { challengesOf, transactionsWhere, withdraw } from './kept.ts'
import { wakeForDevices } from './wait.ts'

/** Reads D1 again; challenges of tokens that are gone are withdrawn, their sockets closed, and transactions without any left cancelled. */
export async function tokensChanged(desk: Desk, address: Found, doneAtMs: number): Promise<void> {
  const copy = await readChange(desk, address, doneAtMs)
  const usable = copy.tokens.filter((token) => isUsable(desk, token)).map(({ serial }) => serial)
  closeOthers(desk, usable)
  wakeForDevices(desk, usable)
  for (const transaction of transactionsWhere(desk, "state in ('pending', 'approved')")) {
    // Its token is none before it is finished: there is nothing to withdraw.
    if (transaction.enrolment && transaction.state === 'pending') {
      approveFinished(desk, transaction, usable)
      continue
    }
    for (const { serial } of challengesOf(desk, transaction.id))
      if (!usable.includes(serial)) withdraw(desk, transaction.id, serial)
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
}

export type Counters = { failCount: number; counter: number; timeShift: number } & Uses

export const countersOf = (desk: Desk, serial: string): Counters => ({
  failCount: failCountOf(desk, serial),
  ...usesOf(desk, serial),
  ...otpStateOf(desk, serial),
})

/** An administrator's word: they may try again. In D1 too when this resolves. */
export async function resetFailCounts(
  desk: Desk,
  address: Address,
  serials: string[],
): Promise<void> {
  const copy = await copyOf(desk, address)
  for (const { serial } of copy.tokens) if (serials.includes(serial)) setFailCount(desk, serial, 0)
  await drain(desk)
}

/** A hand-over that D1 has not confirmed by then has failed: the token is here again. */
const handOverMs = 25_000

/**
 * Gives a token away to another owner: from here on nothing of it is accepted here, and what was counted is in D1 for its next
 * owner, so that nobody gains tries or uses a code twice by being moved.
 * @returns false where D1 did not take it: nothing may be moved then.
 */
export async function handOver(desk: Desk, address: Address, serial: string): Promise<boolean> {
  await copyOf(desk, address)
  desk.handedOver.set(serial, desk.nowMs() + handOverMs)
  // Which keeps what it reads: whatever ends the object meanwhile, it wakes without the token.
  await readChange(desk, address, desk.nowMs())
  await drain(desk)
  return !isWaiting(desk, serial, ['otp', 'fail_count', 'uses'])
}
