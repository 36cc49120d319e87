/** /validate/check with a credential: a login by a passkey, which says by itself whose it is. */
import { type PasskeyFound, checkPasskey, ownerOfPasskey } from '../../challenge/passkey.ts'
import { insistAuthorized, rulesFor } from '../../challenge/rules.ts'
import { seek } from '../../challenge/whose.ts'
import { type Caller, checkHeard, checkingCaller } from '../decode/caller.ts'
import { type Parameters, parametersOf } from '../decode/parameters.ts'
import { assertionOf } from '../decode/passkey.ts'
import { concluded } from '../encode/conclusion.ts'
import type { Result } from '../encode/envelope.ts'
import { otherPasskey, passkeyAccepted, passkeyRefused, unknownPasskey } from '../encode/passkey.ts'
import type { Call } from '../surface.ts'
import { asking, named } from './asking.ts'
import { concludingOf } from './login.ts'

export async function checkedByPasskey(call: Call): Promise<Result> {
  const context = call.get('context')
  const caller = await checkingCaller(call)
  const { customer } = caller
  const parameters = await parametersOf(call)
  const challenge = parameters.need('transaction_id')
  const assertion = assertionOf(parameters)
  const found = await ownerOfPasskey(context, customer, assertion.credentialId)
  const about = found?.sought.about ?? {}
  await checkHeard(call, caller, about)
  const { client } = asking(call, caller, parameters)
  const rules = await rulesFor(context, customer, { ...about, ...(client !== null && { client }) })
  const end = (result: Result) =>
    concluded(result, concludingOf(context, caller, rules, found?.sought ?? null))
  if (!found) return end(unknownPasskey)
  if (!(await isMeant(call, caller, parameters, found))) return end(otherPasskey)
  const application = caller.application.id
  const { terms } = rules
  const asked = { customer, application, challenge, assertion, client, terms }
  const checked = await checkPasskey(context, found, asked)
  if (!checked.ok) return end(passkeyRefused(checked))
  const { serial } = found.passkey
  const used = { tokens: [{ serial, type: 'passkey' as const }], application }
  await insistAuthorized(context, rules, found.sought, used)
  return end(passkeyAccepted(serial, about))
}

/** Whoever names somebody has a login of theirs before them: another person's passkey must not end it. */
async function isMeant(
  call: Call,
  { customer }: Caller,
  parameters: Parameters,
  { passkey, sought }: PasskeyFound,
): Promise<boolean> {
  const { user, realm, serial } = named(parameters)
  if (serial !== '' && serial !== passkey.serial) return false
  if (user === '') return true
  const meant = await seek(call.get('context'), customer, { user, realm, serial: '' })
  return meant.address.ownerId === sought.address.ownerId
}
