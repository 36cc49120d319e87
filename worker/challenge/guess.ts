/**
 * Slows guessing at what is no owner's token: an account's password. The tries are counted in one of a few objects, chosen by
 * the name, so that made-up names leave no more objects behind than real ones, and cannot be told from them.
 */
import { hmac } from '../crypto/derive.ts'
import { ownerIdOf } from '../crypto/owner.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { toBase64url } from '../../schema/encoding.ts'
import { reach } from './reach.ts'

/** client: the address it comes from, or null where nobody knows. */
export type Guess = { customer: string; name: string; client: string | null }

/** Counts the try before `work` knows its outcome; what does not throw is forgiven. @throws Refusal too_many_requests */
export async function guarded<T>(
  context: Context,
  { customer, name, client }: Guess,
  work: () => Promise<T>,
): Promise<T> {
  const { master } = context.deployment
  const hash = await hmac(master, 'guess', JSON.stringify([customer, name.toLowerCase()]))
  const ownerId = await ownerIdOf(
    master,
    { kind: 'guesses', customer, bucket: hash[0] ?? 0 },
    context.database,
  )
  const address = { ownerId, customer }
  const scope = `guess/${toBase64url(hash.subarray(0, 16))}/${client ?? ''}`
  const from = client === null ? 'anywhere' : 'address'
  const tried = await reach(context, address, (object) => object.takeTry(scope, from))
  if (!tried.ok) {
    const retryAfterSeconds = Math.max(1, tried.againAt - nowSeconds(context))
    refuse({ reason: 'too_many_requests', retryAfterSeconds, what: 'wrong passwords' })
  }
  const done = await work()
  await reach(context, address, (object) => object.forgiveTries(scope))
  return done
}
