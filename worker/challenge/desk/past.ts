/**
 * What was asked in its owner's name, for them to read afterwards. While a transaction is kept it is read from there; when it is
 * forgotten, one small row of it stays for a month. A stranger may ask as often as they like: what was approved is counted apart, so
 * that nobody can push it out of the list by asking on.
 */
import { copyOf, tokenCopy } from './copy.ts'
import { type Address, type Desk, nowSeconds, rows } from './desk.ts'
import { currentState, transactionsWhere } from './kept.ts'
import { keepUntil } from './lapsing.ts'
import type { RequestOutcome } from '../../../schema/states.ts'
import type { Past, Transaction } from './transaction.ts'

/** As long as what an application was granted may last. */
const keptSeconds = 30 * 86_400
/** Of those that were approved, and of the others. */
const mostOfEach = 20
const wasApproved =
  "(state in ('approved', 'redeemed') or state = 'expired' and answeredAtMs is not null)"
const latest = (which: string): string =>
  `id in (select id from txn where about is not null and ${which} order by number desc limit ${mostOfEach})`

/** key: of what is kept of one whose transaction is forgotten. */
export type PastRequest = Past & { transactionId: string; key?: string }

/** Call it before the transactions are forgotten, in the same turn. @param over the latest first. */
export function keepPast(desk: Desk, over: Transaction[]): void {
  if (over.length === 0) return
  for (const [index, transaction] of over.toReversed().entries()) {
    const past = pastOf(desk, transaction)
    const { id, madeAt } = transaction
    const untilAt = madeAt + keptSeconds
    // Keys sort as the requests came: the seconds have ten digits until the year 2286.
    const key = `${madeAt}/${String(index).padStart(6, '0')}/${id}`
    if (past && untilAt > nowSeconds(desk)) keepUntil(desk, 'past', key, past, untilAt)
  }
  for (const is of ['=', '<>'])
    rows(
      desk,
      `delete from lapsing where kind = 'past' and key in (select key from lapsing where kind = 'past'
         and value ->> 'outcome' ${is} 'approved' order by key desc limit -1 offset ?)`,
      mostOfEach,
    )
}

/** @returns the latest first: twenty that were approved and twenty others at most. */
export async function pastRequests(desk: Desk, address: Address): Promise<PastRequest[]> {
  await copyOf(desk, address)
  const isApproved = ({ outcome }: Past) => outcome === 'approved'
  const all = [...stillKept(desk), ...forgotten(desk)]
  const told = new Set([
    ...all.filter(isApproved).slice(0, mostOfEach),
    ...all.filter((one) => !isApproved(one)).slice(0, mostOfEach),
  ])
  return all.filter((one) => told.has(one))
}

const stillKept = (desk: Desk): PastRequest[] =>
  transactionsWhere(desk, `${latest(wasApproved)} or ${latest(`not ${wasApproved}`)}`).flatMap(
    (transaction) => {
      const past = pastOf(desk, transaction)
      return past ? { ...past, transactionId: transaction.id } : []
    },
  )

const forgotten = (desk: Desk): PastRequest[] =>
  rows<{ key: string; value: string }>(
    desk,
    "select key, value from lapsing where kind = 'past' and untilAt > ? order by key desc",
    nowSeconds(desk),
  ).map(({ key, value }) => ({
    ...(JSON.parse(value) as Past),
    transactionId: key.slice(key.lastIndexOf('/') + 1),
    key,
  }))

/** Of one whose transaction is forgotten. */
export function notePastReported(desk: Desk, { key = '' }: PastRequest): void {
  rows(
    desk,
    "update lapsing set value = json_set(value, '$.reportedAt', ?) where kind = 'past' and key = ?",
    nowSeconds(desk),
    key,
  )
}

/** @returns null for what nobody reads of. */
function pastOf(desk: Desk, transaction: Transaction): Past | null {
  const { application, applicationName, client, madeAt, answeredBy, reason } = transaction
  const { about, reportedAt } = transaction
  if (!about) return null
  const { deviceName = '', description = '' } = tokenCopy(desk, answeredBy ?? '') ?? {}
  return {
    ...{ application, applicationName, client, madeAt, answeredBy, reason, about, reportedAt },
    state: currentState(desk, transaction),
    outcome: outcomeOf(desk, transaction),
    deviceName: description || deviceName,
  }
}

function outcomeOf(desk: Desk, transaction: Transaction): RequestOutcome {
  const { answeredAtMs, reason } = transaction
  switch (currentState(desk, transaction)) {
    case 'pending':
      return 'waiting'
    case 'approved':
    case 'redeemed':
      return 'approved'
    case 'expired':
      // Nobody made use of it.
      return answeredAtMs === null ? 'unanswered' : 'approved'
    case 'declined':
      return reason === 'wrong_code' ? 'wrong_code' : 'declined'
    case 'cancelled':
      return reason === 'not_me' ? 'declined' : 'cancelled'
  }
}
