/**
 * What every verb inside the object works with. Verbs are functions over a Desk; the Durable Object class only holds it.
 * Nothing here survives an eviction: `copy` is read again, waiters ask again, sockets hibernate in the runtime.
 */
import type { Context, Deployment } from '../../env.ts'
import type { OwnerId } from '../../crypto/sealed-id.ts'
import type { Random } from '../../crypto/random.ts'
import type { OwnerRead } from '../../store/owner.ts'
import type { OutboxEvent } from '../../record/outbox.ts'
import type { State } from '../../../schema/states.ts'
import { createStorage } from './storage.ts'
import type { Kept } from './transaction.ts'

/** Whose object it is. Comes with each call, because an object is not told its own name. */
export type Address = { ownerId: OwnerId; customer: string }
/** Where only a sealed id led here: whose customer it is, the object knows from the rows it reads. */
export type Found = { ownerId: OwnerId; customer?: string }

/** What is counted of a token stands apart (counters.ts). */
export type TokenCopy = Omit<
  OwnerRead['tokens'][number],
  'failCount' | 'counter' | 'timeShift' | 'lastAuthAt' | 'countAuth' | 'countAuthSuccess'
>

export type OwnerCopy = Address & {
  /** null: tokens that no person owns. */
  person: { id: string; username: string; realm: string } | null
  /** What the device shows: for whom the login is. */
  account: string
  tokens: TokenCopy[]
}

/** What an edge read of the owner in D1, and when it began to (epoch milliseconds). */
export type Seen = { owner: OwnerRead; readAtMs: number }

/** A caller that waits for a transaction to move. */
export type Waiter = { transactionId: string; done: () => void }

/** What is counted of a token (counters.ts). */
export type Uses = { lastAuthAt: number | null; countAuth: number; countAuthSuccess: number }
/** counter and timeShift: what of its one-time passwords is used up; null as long as it has none, which D1 may know better. */
export type Counter = Uses & {
  failCount: number
  counter: number | null
  timeShift: number | null
}

/** What is decided by of each transaction that is not over, without reading its row (kept.ts). */
export type OpenTransaction = {
  id: string
  state: State
  rung: boolean
  firstFactor: boolean
  answerableUntilAt: number
  redeemableUntilAt: number
}

/** Each event has a number that it keeps, however often it is written. */
export type Numbered = OutboxEvent & { number: number }
/** A row of the outbox, in memory too, so that a drain need not read what was just written. */
export type Unwritten = { id: number; numbered: Numbered[]; madeAt: number }

/** A row of the table `lapsing`. */
export type Lapsed = { value: unknown; untilAt: number }

export type Desk = {
  readonly sql: SqlStorage
  readonly storage: DurableObjectStorage
  readonly db: D1Database
  readonly deployment: Deployment
  /** For what an isolate remembers of D1. */
  readonly context: Context
  readonly random: Random
  /** Epoch milliseconds. */
  readonly nowMs: () => number
  /** Runs on after the answer has gone out. Never throws into the caller. */
  readonly background: (work: Promise<unknown>) => void
  readonly sockets: () => WebSocket[]
  /** By the name that their caller gave them. */
  readonly waiters: Map<string, Waiter>
  copy: OwnerCopy | null
  /** By serial, as they stand in the table, or will by the first write; null where it was not read yet. */
  counters: Map<string, Counter> | null
  /** By id, as they stand in the table; null where it was not read yet. */
  open: Map<string, OpenTransaction> | null
  /** The latest transactions, by id (kept.ts). */
  readonly kept: Map<string, Kept>
  /** By kind and key, what was read or written lately; null where nothing is kept (lapsing.ts). */
  readonly lapsing: Map<string, Lapsed | null>
  /** All that lapses is in memory: what is not there is nowhere. */
  knowsLapsing: boolean
  /** Raised by each change of tokens, so that a slower, older read does not overwrite a newer one. */
  generation: number
  /** Serials that were given away, until D1 says so too: by when that must have happened. */
  readonly handedOver: Map<string, number>
  /** The one that `copy` was read for. */
  copyGeneration: number
  hasStorage: boolean
  /** When something was last written to D1, as far as one can know: an object that wakes with storage may just have done so. */
  wroteAtMs: number
  /** Keeps the copy of the owner, where it was read before anything had to be kept, and there is something to keep. */
  keepOwner: (() => void) | null
  alarmAtMs: number | null
  /** The outbox as it stands in its table; null where it was not read yet. */
  unwritten: Unwritten[] | null
  /** The drain that runs. */
  draining: Promise<void> | null
}

export const nowSeconds = (desk: Desk): number => Math.floor(desk.nowMs() / 1000)

/**
 * The first write of an owner creates their tables. Where nothing was before, nothing need be read: each statement would be compiled
 * for that alone.
 */
export function needStorage(desk: Desk): void {
  if (desk.hasStorage) return
  createStorage(desk.sql)
  desk.hasStorage = true
  desk.open ??= new Map()
  desk.unwritten ??= []
  desk.knowsLapsing = true
  desk.keepOwner?.()
  desk.keepOwner = null
}

/** @returns the rows, or none where this owner has no tables yet. */
export function rows<T extends Record<string, SqlStorageValue>>(
  desk: Pick<Desk, 'sql' | 'hasStorage'>,
  query: string,
  ...bindings: SqlStorageValue[]
): T[] {
  return desk.hasStorage ? desk.sql.exec<T>(query, ...bindings).toArray() : []
}
