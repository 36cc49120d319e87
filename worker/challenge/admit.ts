/** Lets people in who have no token, where a policy says so: passOnNoToken, or passthru with the password of their resolver. */
import type { Context } from '../env.ts'
import { matching } from '../factor/pin.ts'
import type { Userstore } from '../factor/userstore.ts'
import type { Entering, PinCandidates } from './desk/pins.ts'
import type { TooOften } from './desk/terms.ts'
import { reach } from './reach.ts'
import type { Rules } from './rules.ts'
import type { Whose } from './whose.ts'

export type Admitting = Omit<Entering, 'by'> & {
  pass: string
  rules: Rules
  userstore: Userstore
  /** So many texts are derived, whoever it is. */
  atLeast: number
}

export type Admitted =
  | { ok: true; admitted: string }
  | { ok: false; reason: 'no_tokens' }
  | TooOften

/** @returns null where no policy is about it. */
export async function admit(
  context: Context,
  whose: Whose,
  found: PinCandidates & { ok: false },
  { pass, rules, userstore, atLeast, ...entering }: Admitting,
): Promise<Admitted | null> {
  const { noToken, byPassword } = rules.admitted
  const isWithout = found.reason === 'no_tokens' && found.none && !whose.serials
  const enter = async (by: string, message: string): Promise<Admitted> => {
    const { address } = whose
    const limited = await reach(context, address, (object) =>
      object.entered(address, { ...entering, by }),
    )
    return limited ?? { ok: true, admitted: message }
  }
  if (isWithout && whose.person !== null && noToken !== null)
    return enter(noToken, `user has no token, accepted due to '${noToken}'`)
  const asksPassword = isWithout && byPassword !== null
  if (!asksPassword) {
    await matching(context, [], atLeast)
    return null
  }
  const right = await userstore.right([pass], atLeast)
  return right.has(pass)
    ? enter(byPassword, `against userstore due to '${byPassword}'`)
    : { ok: false, reason: 'no_tokens' }
}
