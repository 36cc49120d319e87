/** /user: make a person. */
import { splitRealm } from '../challenge/whose.ts'
import { nowSeconds } from '../env.ts'
import { toBase64url } from '../../schema/encoding.ts'
import { hashPassword } from '../factor/hash.ts'
import { inTurn } from '../factor/turn.ts'
import { refuse } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'
import { insertPerson, realmNamed } from '../store/people.ts'
import { callerWith } from './decode/caller.ts'
import { type Parameters, parametersOf } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { surface } from './surface.ts'

export const user = surface()

const longest = 255

user.post('/', async (call) => {
  const caller = await callerWith(call, 'people')
  const parameters = await parametersOf(call)
  const { context } = call.var
  const username = parameters.need('user').trim()
  // A backslash would make the name ambiguous wherever DOM\user is understood.
  if (username === '' || username.length > longest || /[\\\p{C}]/u.test(username))
    refuse({
      reason: 'bad_parameter',
      field: 'user',
      mend: `must be 1 to ${longest} characters, without backslash or control characters`,
    })
  const realm = await realmNamed(context, caller.customer, parameters.get('realm').trim())
  if (!realm) refuse({ reason: 'realm_not_found' })
  // user@realm of one of ours would be read as somebody else's name at every login.
  const { username: read } = await splitRealm(context, caller.customer, username, '')
  if (read !== username)
    refuse({ reason: 'bad_parameter', field: 'user', mend: 'must not end in the name of a realm' })
  const password = parameters.get('password')
  const person = {
    id: toBase64url(context.random(16)),
    customer: caller.customer,
    realm,
    username,
    givenname: attribute(parameters, 'givenname'),
    surname: attribute(parameters, 'surname'),
    email: attribute(parameters, 'email'),
    phone: attribute(parameters, 'phone'),
    passwordHash:
      password === ''
        ? null
        : await inTurn(context, () => hashPassword(password, context.deployment.pepper)),
    createdAt: nowSeconds(context),
  }
  if (!(await insertPerson(context, person))) refuse({ reason: 'user_exists' })
  await writeAudit(context, {
    customer: caller.customer,
    action: 'user_add',
    success: true,
    user: username,
    realm,
    application: caller.application.id,
    detail: { by: caller.name },
  })
  return answer(call, { value: person.id })
})

function attribute(parameters: Parameters, name: string): string {
  const value = parameters.get(name).trim()
  if (value.length > longest)
    refuse({ reason: 'bad_parameter', field: name, mend: `must be at most ${longest} characters` })
  return value
}
