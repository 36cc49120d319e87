/**
 * How many tokens there may be: policies of scope enrollment, for a person, for a person's tokens of one type, and for a realm. Where
 * several policies speak, the highest number holds, whatever their priority. What is found here is decided in D1, in the statement
 * that makes or moves the token (store/limits.ts): two at the same time do not pass a limit together.
 */
import type { Context } from '../env.ts'
import type { ActionOf } from '../policy/actions.ts'
import { actions } from '../policy/actions.ts'
import { refuse } from '../problem.ts'
import { mostSaid } from '../store/policies.ts'
import { type Limit, exceeded } from '../store/limits.ts'
import { findToken } from '../store/tokens/find.ts'
import type { TokenType } from '../store/tokens/row.ts'
import { serialTaken } from './serial.ts'

export type Limited = {
  customer: string
  type: TokenType
  /** Whose it will be; null: nobody's. */
  person: { username: string; realm: string; resolver?: string; ownerId: string } | null
  /** The realms it will be seen in, the owner's among them. */
  realms: string[]
  client?: string | null
  /** They make it for themselves. */
  bySelf?: boolean
}

/** What people may add themselves of devices, and of passkeys, where no policy says how many: an open session must not fill theirs without end. */
export const ownDevices = 4

type Enrollment = ActionOf<'enrollment'>

const isAction = (name: string): name is Enrollment => Object.hasOwn(actions.enrollment, name)

/** In the order in which they are told. */
export async function limitsFor(
  context: Context,
  { customer, type, person, realms, client, bySelf = false }: Limited,
): Promise<Limit[]> {
  const where = client ? { client } : {}
  const limits: Limit[] = []
  for (const realm of realms) {
    const most = await mostSaid(context, customer, 'max_token_per_realm', { ...where, realm })
    if (most !== null) limits.push({ of: 'realm', customer, realm, most })
  }
  if (!person) return limits
  const { ownerId } = person
  const about = {
    ...where,
    user: person.username,
    realm: person.realm,
    ...(person.resolver !== undefined && { resolver: person.resolver }),
  }
  const add = async (name: string, more: { type?: TokenType; active?: true }) => {
    const most = isAction(name) ? await mostSaid(context, customer, name, about) : null
    if (most !== null) limits.push({ of: 'user', ownerId, most, ...more })
  }
  await add(`${type}_max_token_per_user`, { type })
  await add('max_token_per_user', {})
  await add(`${type}_max_active_token_per_user`, { type, active: true })
  await add('max_active_token_per_user', { active: true })
  const isCounted = type === 'push' || type === 'passkey'
  if (bySelf && isCounted && !limits.some((limit) => limit.of === 'user'))
    limits.push({ of: 'user', ownerId, most: ownDevices, type })
  return limits
}

/** Who moves has the old one and the new one for a while. */
export const oneMore = (limit: Limit): Limit => ({ ...limit, most: limit.most + 1 })

/** @throws Refusal too_many_tokens, before anything is begun that would have to be taken back. */
export async function checkLimits(context: Context, limits: Limit[]): Promise<void> {
  const one = await exceeded(context.db, limits)
  if (one) refuse(refusalOf(one))
}

/** Says why D1 did not take a token. */
export async function refuseInsert(
  context: Context,
  serial: string,
  limits: Limit[],
): Promise<never> {
  if (limits.length === 0 || (await findToken(context.db, serial))) return serialTaken()
  return refuseLimit(context, limits)
}

/** Says which limit it was, though there may be room again by now. */
export async function refuseLimit(context: Context, limits: Limit[]): Promise<never> {
  const limit = (await exceeded(context.db, limits)) ?? limits[0]
  return refuse(limit ? refusalOf(limit) : { reason: 'unavailable' })
}

const refusalOf = (limit: Limit) =>
  limit.of === 'realm'
    ? ({ reason: 'too_many_tokens', of: 'realm' } as const)
    : ({
        reason: 'too_many_tokens',
        of: 'user',
        active: limit.active === true,
        ...(limit.type && { type: limit.type }),
      } as const)
