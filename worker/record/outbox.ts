/** Events of an owner's object, written to D1. Each may be written twice and changes nothing the second time. */
import type { deliveries, receipts } from '../../schema/tables.ts'
import type { LoginTold, WebhookType } from '../../schema/webhooks.ts'
import type { AuditEntry } from './audit.ts'
import { takeApart } from './receipt.ts'

type Delivery = Omit<typeof deliveries.$inferInsert, 'number' | 'at'>
type Receipt = Pick<
  typeof receipts.$inferInsert,
  'customer' | 'transactionHash' | 'application' | 'serial'
> & { receipt: string }

export type OutboxEvent =
  | { kind: 'audit'; body: AuditEntry }
  | { kind: 'delivery'; body: Delivery }
  | { kind: 'receipt'; body: Receipt }
  /** Absolute, so that writing it again is harmless; older ones never overtake, because the outbox is in order. */
  | { kind: 'fail_count'; body: { serial: string; failCount: number } }
  /** Absolute as well: what of a token's one-time passwords is used up. */
  | { kind: 'otp'; body: { serial: string; counter: number; timeShift: number } }
  | {
      kind: 'uses'
      body: {
        serial: string
        lastAuthAt: number | null
        countAuth: number
        countAuthSuccess: number
      }
    }
  /** For webhooks: no row of D1, but a message to the application's messenger. */
  | {
      kind: 'told'
      body: { application: string; serial: string; type: WebhookType; data: LoginTold }
    }
  /** An enrolment that a login began was not finished. */
  | { kind: 'enrolment_over'; body: { serial: string } }
  | { kind: 'verifier_counter'; body: { serial: string; counter: number } }
  /** The push service said that this subscription is gone. */
  | { kind: 'subscription_gone'; body: { serial: string; endpoint: string } }
  /** Firebase said that the app is gone from its phone. */
  | { kind: 'fbtoken_gone'; body: { serial: string; fbtoken: string } }

/** `number` is one of number.ts. */
export type Stamped = { number: number; at: number; event: OutboxEvent }

type Of<K extends OutboxEvent['kind']> = Extract<OutboxEvent, { kind: K }>['body']

/**
 * One atomic batch: a statement for each kind of event, whatever their number, because D1 runs one after the other.
 * @throws what D1 throws; nothing is written then.
 */
export async function writeEvents(db: D1Database, events: Stamped[]): Promise<void> {
  const of = <K extends OutboxEvent['kind']>(kind: K) =>
    events.flatMap(({ number, at, event }) =>
      event.kind === kind ? [{ ...(event.body as Of<K>), number, at }] : [],
    )
  const statements = Object.entries({
    [insertAudit]: of('audit'),
    [insertDeliveries]: of('delivery'),
    [insertReceipts]: of('receipt').map(({ receipt, ...about }) => ({
      ...about,
      ...takeApart(receipt),
    })),
    [setCounts]: merged([...of('fail_count'), ...of('otp'), ...of('uses')]),
    [endEnrolments]: of('enrolment_over'),
    [setVerifierCounters]: merged(of('verifier_counter')),
    [clearFbtokens]: of('fbtoken_gone'),
    [endSubscriptions]: of('subscription_gone'),
  }).flatMap(([query, rows]) =>
    rows.length > 0 ? [db.prepare(query).bind(JSON.stringify(rows))] : [],
  )
  if (statements.length > 0) await db.batch(statements)
}

/** The latest word about each token: what it is told is absolute, and comes in order. */
function merged<T extends { serial: string }>(rows: T[]): T[] {
  const bySerial = new Map<string, T>()
  for (const row of rows) bySerial.set(row.serial, { ...bySerial.get(row.serial), ...row })
  return [...bySerial.values()]
}

/** Fields of the JSON that is bound, by name. */
const fields = (...names: string[]): string =>
  names.map((name) => `value ->> '$.${name}'`).join(', ')
const each = 'json_each(?)'

const insertAudit = `insert or ignore into audit
  (customer, at, number, action, success, serial, user, realm, application, client, detail)
  select ${fields('customer', 'at', 'number', 'action', 'success', 'serial', 'user', 'realm', 'application', 'client', 'detail')}
  from ${each}`

const insertDeliveries = `insert or ignore into deliveries
  (customer, at, number, serial, challenge_hash, kind, attempt, host, status, outcome, took_ms)
  select ${fields('customer', 'at', 'number', 'serial', 'challengeHash', 'kind', 'attempt', 'host', 'status', 'outcome', 'tookMs')}
  from ${each}`

const insertReceipts = `insert or ignore into receipts
  (customer, at, transaction_hash, application, serial, kid, claims, signature)
  select ${fields('customer', 'at', 'transactionHash', 'application', 'serial', 'kid', 'claims', 'signature')}
  from ${each}`

/** An event says some of them; the others stay. */
const setCounts = `update tokens set
    fail_count = coalesce(told.value ->> '$.failCount', fail_count),
    counter = coalesce(told.value ->> '$.counter', counter),
    time_shift = coalesce(told.value ->> '$.timeShift', time_shift),
    last_auth_at = coalesce(told.value ->> '$.lastAuthAt', last_auth_at),
    count_auth = coalesce(told.value ->> '$.countAuth', count_auth),
    count_auth_success = coalesce(told.value ->> '$.countAuthSuccess', count_auth_success)
  from ${each} as told where tokens.serial = told.value ->> '$.serial'`

const endEnrolments = `delete from tokens where begun_by_login = 1 and rollout_state = 'clientwait'
  and serial in (select ${fields('serial')} from ${each})`

const setVerifierCounters = `update verifiers set counter = told.value ->> '$.counter'
  from ${each} as told where verifiers.serial = told.value ->> '$.serial'`

const clearFbtokens = `update phones set fbtoken = ''
  from ${each} as told where phones.serial = told.value ->> '$.serial' and fbtoken = told.value ->> '$.fbtoken'`

const endSubscriptions = `delete from subscriptions
  where (serial, endpoint) in (select ${fields('serial', 'endpoint')} from ${each})`
