/**
 * A token that is an administrator's device: to applications, keys and people it is not there; an administrator may end it, bring it back
 * and describe it. All of that weakens or strengthens an account, so it counts as dangerous.
 */
import { refuse } from '../../problem.ts'
import { findToken } from '../../store/tokens/find.ts'
import type { Call } from '../surface.ts'
import type { Caller } from './identity.ts'
import { parametersOf } from './parameters.ts'

const allowed = /^\/token\/(enable|disable|revoke|reset|description|init|:serial$)/

/** @returns what the device is told of the act, or null where it is about no such token. @throws Refusal serial_not_found */
export async function deviceTouched(
  call: Call,
  caller: Caller,
  path: string,
): Promise<string | null> {
  if (!path.startsWith('/token/')) return null
  const serial = (call.req.param('serial') ?? (await parametersOf(call)).get('serial')).trim()
  if (serial === '') return null
  const token = await findToken(call.get('context').db, serial)
  if (!token || token.account === null || token.customer !== caller.customer) return null
  if (caller.role !== 'admin' || !allowed.test(path)) refuse({ reason: 'serial_not_found' })
  const verb = call.req.method === 'DELETE' ? 'delete' : path.split('/')[2]
  return `Administrator's device ${serial}: ${verb}`
}
