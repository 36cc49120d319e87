/** Events of an owner's object, written to D1. Each may be written twice and changes nothing the second time. */
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import {
  audit,
  deliveries,
  phones,
  receipts,
  subscriptions,
  tokens,
  verifiers,
} from '../../schema/tables.ts'
import type { AuditEntry } from './audit.ts'
import { numberOf } from './number.ts'
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
  /** An enrolment that a login began was not finished. */
  | { kind: 'enrolment_over'; body: { serial: string } }
  | { kind: 'verifier_counter'; body: { serial: string; counter: number } }
  /** The push service said that this subscription is gone. */
  | { kind: 'subscription_gone'; body: { serial: string; endpoint: string } }
  /** Firebase said that the app is gone from its phone. */
  | { kind: 'fbtoken_gone'; body: { serial: string; fbtoken: string } }

/** `eventId` is a number of number.ts, as text. */
export type Stamped = { eventId: string; at: number; event: OutboxEvent }

/** One atomic batch. @throws what D1 throws; nothing is written then. */
export async function writeEvents(db: D1Database, events: Stamped[]): Promise<void> {
  const orm = drizzle(db)
  const [first, ...rest] = events.map((stamped) => statement(orm, stamped))
  if (first) await orm.batch([first, ...rest])
}

function statement(orm: ReturnType<typeof drizzle>, { eventId, at, event }: Stamped) {
  switch (event.kind) {
    case 'audit':
      return orm
        .insert(audit)
        .values({ ...event.body, number: numberOf(eventId), at })
        .onConflictDoNothing()
    case 'delivery':
      return orm
        .insert(deliveries)
        .values({ ...event.body, number: numberOf(eventId), at })
        .onConflictDoNothing()
    case 'receipt': {
      const { receipt, ...about } = event.body
      return orm
        .insert(receipts)
        .values({ ...about, ...takeApart(receipt), at })
        .onConflictDoNothing()
    }
    case 'fail_count':
      return orm
        .update(tokens)
        .set({ failCount: event.body.failCount })
        .where(eq(tokens.serial, event.body.serial))
    case 'otp': {
      const { serial, ...state } = event.body
      return orm.update(tokens).set(state).where(eq(tokens.serial, serial))
    }
    case 'uses': {
      const { serial, ...uses } = event.body
      return orm.update(tokens).set(uses).where(eq(tokens.serial, serial))
    }
    case 'enrolment_over':
      return orm
        .delete(tokens)
        .where(
          and(
            eq(tokens.serial, event.body.serial),
            eq(tokens.begunByLogin, true),
            eq(tokens.rolloutState, 'clientwait'),
          ),
        )
    case 'verifier_counter':
      return orm
        .update(verifiers)
        .set({ counter: event.body.counter })
        .where(eq(verifiers.serial, event.body.serial))
    case 'fbtoken_gone': {
      const { serial, fbtoken } = event.body
      return orm
        .update(phones)
        .set({ fbtoken: '' })
        .where(and(eq(phones.serial, serial), eq(phones.fbtoken, fbtoken)))
    }
    case 'subscription_gone':
      return orm
        .delete(subscriptions)
        .where(
          and(
            eq(subscriptions.serial, event.body.serial),
            eq(subscriptions.endpoint, event.body.endpoint),
          ),
        )
  }
}
