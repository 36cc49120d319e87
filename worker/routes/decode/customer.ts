/**
 * Which customer, and so which database, a request is about. What it shows says it by itself: a key by its id, a session by its
 * claims, a device or a transaction by the owner sealed in its id. Only a bare name needs the directory.
 */
import type { OwnerId } from '../../crypto/sealed-id.ts'
import { databaseOf } from '../../crypto/owner.ts'
import { readSession } from '../../crypto/session.ts'
import { type Context, nowSeconds } from '../../env.ts'
import { refuse } from '../../problem.ts'
import { aboutCustomer, defaultCustomer } from '../../store/customers.ts'
import { databaseOfKey, hasSeveral, inDatabase } from '../../store/databases.ts'
import type { Call } from '../surface.ts'

/** Before any route runs, so that none works in another database than the one that is meant. Whether it is valid is judged later. */
export async function contextFor(call: Call, context: Context): Promise<Context> {
  if (!hasSeveral(call.env)) return context
  return inDatabase(context, await databaseShown(call, context)) ?? context
}

async function databaseShown(call: Call, { deployment, ...context }: Context): Promise<number> {
  const key = call.req.header('X-API-Key')
  if (key !== undefined) return databaseOfKey(key)
  const shown = sessionShown(call)
  if (shown === null) return 0
  const session = await readSession(deployment.master, shown, nowSeconds(context))
  return typeof session === 'string' ? 0 : (session.database ?? 0)
}

/** @returns the token of POST /auth, however it is shown; a device's signature is none. */
export function sessionShown(call: Call): string | null {
  const shown = call.req.header('PI-Authorization') ?? call.req.header('Authorization') ?? null
  return shown === null || shown.startsWith('Countersign ')
    ? null
    : shown.replace(/^Bearer\s+/i, '')
}

/**
 * From here on the request is about that customer.
 * @param named '' for the first one. @param field where it was said.
 * @throws Refusal customer_unknown
 */
export async function customerNamed(call: Call, named: string, field: string): Promise<string> {
  if (named === '') return defaultCustomer
  const context = await aboutCustomer(call.get('context'), named)
  if (!context) refuse({ reason: 'customer_unknown', customer: named.slice(0, 64), field })
  call.set('context', context)
  return named
}

/** From here on the request is about the customer of that owner. @returns false where their database is not bound. */
export function aboutOwner(call: Call, ownerId: OwnerId): boolean {
  const context = inDatabase(call.get('context'), databaseOf(ownerId))
  if (context) call.set('context', context)
  return context !== null
}
