/** Who asks for whom at /validate/check, under which rules, and what they may know. */
import { type Rules, rulesFor } from '../../challenge/rules.ts'
import { type Sought, seek } from '../../challenge/whose.ts'
import type { Context } from '../../env.ts'
import { readAttributes } from '../../store/attributes.ts'
import { rememberedPerson } from '../../store/people.ts'
import { isEverSaid } from '../../store/policies.ts'
import { type Caller, checkHeard, checkingCaller } from '../decode/caller.ts'
import type { Parameters } from '../decode/parameters.ts'
import type { Concluding } from '../encode/conclusion.ts'
import type { Call } from '../surface.ts'
import { type About, asking, named } from './asking.ts'

export type Login = {
  caller: Caller
  parameters: Parameters
  /** '' where a login begins. */
  transactionId: string
  sought: Sought
  about: About
  rules: Rules
  concluding: Concluding
}

/** @throws Refusal of a caller who is not heard, or of parameters that name nobody */
export async function loginOf(call: Call, parameters: Parameters): Promise<Login> {
  const context = call.get('context')
  const caller = await checkingCaller(call)
  const { customer } = caller
  const transactionId = parameters.get('transaction_id') || parameters.get('state')
  if (transactionId === '') parameters.need('pass')
  const isKnown = caller.name !== ''
  const hides = 'hide_specific_error_message'
  const afresh = !isKnown && (await isEverSaid(context, customer, 'authentication', hides))
  const begins = transactionId === '' ? 'with tokens' : 'by name'
  const sought = await seek(context, customer, named(parameters), afresh ? 'afresh' : begins)
  await checkHeard(call, caller, sought.about)
  const about = asking(call, caller, parameters)
  const { client } = about
  const rules = await rulesFor(context, customer, {
    ...sought.about,
    ...(client !== null && { client }),
  })
  const concluding = concludingOf(context, caller, rules, sought)
  return { caller, parameters, transactionId, sought, about, rules, concluding }
}

/** @param sought null: nobody. */
export function concludingOf(
  context: Context,
  { name }: Caller,
  { told, hideErrors }: Rules,
  sought: Sought | null,
): Concluding {
  const person = async () => {
    const id = sought?.person ?? null
    const found = id === null ? null : await rememberedPerson(context, id)
    if (!found) return null
    const noted = told.person ? await readAttributes(context.db, [found.id]) : []
    return {
      person: found,
      attributes: noted.map(({ key, value }): [string, string] => [key, value]),
    }
  }
  return { told, isHidden: name === '' && hideErrors, realm: sought?.about.realm, person }
}
