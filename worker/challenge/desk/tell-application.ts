/** Puts into the outbox what the application's webhooks are told of how a login ended. */
import type { LoginTold, WebhookType } from '../../../schema/webhooks.ts'
import { keptCopy } from './copy.ts'
import type { Desk } from './desk.ts'
import { record } from './outbox.ts'
import type { Transaction } from './transaction.ts'

/** Call it in the turn of the move. */
export function tellApplication(desk: Desk, transaction: Transaction): void {
  tell(desk, transaction, typesOf(transaction))
}

/** What is told of one: of a transaction, or of what is kept of it. */
export type Ended = Pick<Transaction, 'id' | 'state' | 'application' | 'answeredBy' | 'client'>

/** Long after it ended, its person says that it was not theirs. Call it in the turn in which they do. */
export const tellReported = (desk: Desk, ended: Ended): void =>
  tell(desk, { ...ended, reason: 'not_me' }, ['login.reported'])

function tell(
  desk: Desk,
  { id, state, reason, application, answeredBy, client }: Ended & Pick<Transaction, 'reason'>,
  types: WebhookType[],
): void {
  if (types.length === 0) return
  const person = keptCopy(desk)?.person
  const data: LoginTold = {
    transaction_id: id,
    state,
    reason,
    user: person?.username ?? null,
    realm: person?.realm ?? null,
    serial: answeredBy,
    client,
  }
  const serial = answeredBy ?? ''
  record(
    desk,
    ...types.map((type) => ({ kind: 'told' as const, body: { application, serial, type, data } })),
  )
}

/** What an application does itself it knows. */
function typesOf({ state, reason }: Transaction): WebhookType[] {
  if (state === 'approved') return ['login.approved']
  if (state === 'expired') return ['login.expired']
  if (state !== 'declined' && (state !== 'cancelled' || reason === 'application')) return []
  return reason === 'not_me' ? ['login.declined', 'login.reported'] : ['login.declined']
}
