/** Who asks at /me: a person, about themselves. */
import { refuse } from '../../problem.ts'
import type { Call } from '../surface.ts'
import { callerWith } from './caller.ts'
import type { Caller, Self } from './identity.ts'

/** @throws Refusal role_missing: an administrator has a console. */
export async function personOf(call: Call): Promise<Caller & { self: Self }> {
  const caller = await callerWith(call, 'enrol')
  const { self } = caller
  return self ? { ...caller, self } : refuse({ reason: 'role_missing' })
}
