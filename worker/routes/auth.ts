/** /auth: a name and a password for a session that its bearer shows with each call. */
import { guarded } from '../challenge/guess.ts'
import { signSession } from '../crypto/session.ts'
import { nowSeconds } from '../env.ts'
import { checkPassword } from '../factor/password.ts'
import { administratorRights } from '../policy/rights.ts'
import { Refusal, refuse } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'
import { peerAddress } from './decode/peer.ts'
import { parametersOf } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { customerOf, surface } from './surface.ts'

export const auth = surface()

/** Until administrators can enrol devices, each answer says what a password alone is worth. */
const advice = 'This account is protected by a password alone.'

auth.post('/', async (call) => {
  const parameters = await parametersOf(call)
  const username = parameters.get('username').trim()
  if (username === '') refuse({ reason: 'username_missing' })
  const { context } = call.var
  const customer = customerOf(call)
  const password = parameters.get('password')
  const guess = { customer, name: username, client: peerAddress(call) }
  const account = await guarded(context, guess, () =>
    checkPassword(context, { customer, username, password }),
  ).catch(async (error: unknown) => {
    // One that was not even compared is not worth a row: a flood would fill the table.
    if (error instanceof Refusal && error.failure.reason === 'wrong_password')
      await writeAudit(context, {
        customer,
        action: 'auth',
        success: false,
        user: username.slice(0, 256),
      })
    throw error
  })
  const rights = account.role === 'admin' ? administratorRights : account.rights
  const session = {
    account: account.id,
    username: account.username,
    realm: '',
    role: account.role,
    rights,
    customer,
  }
  const token = await signSession(
    context.deployment.master,
    session,
    nowSeconds(context),
    context.random,
  )
  await writeAudit(context, { customer, action: 'auth', success: true, user: account.username })
  return answer(call, {
    authentication: 'ACCEPT',
    value: {
      auth: true,
      token,
      role: account.role,
      username: account.username,
      realm: '',
      rights,
      menus: [],
      log_level: 20,
      logout_time: 120,
      advice,
    },
  })
})
