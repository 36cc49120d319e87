/** /auth: a name and a password, and where there is a device its approval, for a session that its bearer shows with each call. */
import { useSignInCode } from '../enrolment/sign-in-code.ts'
import { guarded } from '../challenge/guess.ts'
import type { Context } from '../env.ts'
import { hashNewPassword, matchingPassword } from '../factor/password.ts'
import { isPasswordOf } from '../factor/userstore.ts'
import { enrolableTypes } from '../policy/granted.ts'
import { Refusal, refuse } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'
import { askSecondFactor, redeemSecondFactor, ringAgain } from './auth/second-factor.ts'
import { grantedOf, openSession } from './auth/session.ts'
import { type Candidates, type PersonHere, type SignedIn, candidatesFor } from './auth/who.ts'
import { approved, callerOf } from './decode/caller.ts'
import { checkedPassword } from './decode/password.ts'
import { recorded } from './recorded.ts'
import { writePassword } from '../store/accounts.ts'
import { identityOf } from './decode/identity.ts'
import { parametersOf } from './decode/parameters.ts'
import { peerAddress } from './decode/peer.ts'
import { answer } from './encode/envelope.ts'
import { customerNamed } from './decode/customer.ts'
import { type Call, surface } from './surface.ts'

export const auth = surface()

/** A name and a password say nothing of whose they are; credentials do. */
const customerHeader = 'Countersign-Customer'

auth.post('/', async (call) => {
  const parameters = await parametersOf(call)
  const customer = await customerNamed(call, call.req.header(customerHeader) ?? '', customerHeader)
  const context = call.get('context')
  const username = parameters.get('username').trim()
  const who = await candidatesFor(context, customer, {
    username,
    realm: parameters.get('realm').trim(),
  })
  const transactionId = parameters.get('transaction_id')
  const password = parameters.get('password')
  return told(call, customer, who, async () => {
    if (transactionId !== '')
      return parameters.get('resend') === '1'
        ? ringAgain(call, customer, transactionId)
        : openSession(
            call,
            customer,
            await redeemSecondFactor(context, who, transactionId, password),
          )
    const guess = { customer, name: who.countedAs, client: peerAddress(call) }
    const code = parameters.get('registrationcode').trim()
    if (code !== '') {
      const byCode = await guarded(context, guess, async () => {
        const person = await signedInByCode(context, customer, who, { password, code })
        return person ?? refuse({ reason: 'wrong_password' })
      })
      return openSession(call, customer, { ...byCode, approved: true, by: 'registrationcode' })
    }
    const signed = await guarded(
      context,
      guess,
      async () =>
        (await signedIn(context, customer, who, password)) ?? refuse({ reason: 'wrong_password' }),
    )
    const asked = await askSecondFactor(call, customer, signed)
    return asked ?? openSession(call, customer, { ...signed, approved: false })
  })
})

/** An account goes before a person of its name. @returns null where the password is neither's. */
async function signedIn(
  context: Context,
  customer: string,
  { account, person, realm }: Candidates,
  password: string,
): Promise<SignedIn | null> {
  const isAccount =
    account !== null && (await matchingPassword(context, [account.passwordHash], password)) === 0
  if (isAccount) return { account }
  const whose = { customer, person: person?.row.id ?? null, realm }
  const isPerson = await isPasswordOf(context, whose, password, account ? 0 : 1)
  return isPerson && person ? { person } : null
}

/** The code stands beside the password, where they have one; it is not spent by a wrong password. @returns null for all that is wrong. */
async function signedInByCode(
  context: Context,
  customer: string,
  who: Candidates,
  shown: { password: string; code: string },
): Promise<{ person: PersonHere } | null> {
  const signed = await signedIn(context, customer, who, shown.password)
  const { person } = who
  if (!person || (signed && 'account' in signed)) return null
  const hasPassword = person.row.passwordHash !== null || person.row.uid !== null
  if (!signed && hasPassword) return null
  return (await useSignInCode(context, person.ownerId, shown.code)) ? { person } : null
}

/** Wrong passwords are written down. One that was not even compared is not worth a row: a flood would fill the table. */
async function told(
  call: Call,
  customer: string,
  who: Candidates,
  work: () => Promise<Response>,
): Promise<Response> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal && error.failure.reason === 'wrong_password')
      await writeAudit(call.get('context'), {
        customer,
        action: 'auth',
        success: false,
        user: who.asked.slice(0, 256),
        client: peerAddress(call) ?? undefined,
      })
    throw error
  }
}

/** An account's own password: the old one, and where there is a device its approval; sessions that the old one opened end. */
auth.post('/password', async (call) => {
  const caller = await callerOf(call)
  const { account } = caller
  if (!account) refuse({ reason: caller.name === '' ? 'no_authorization' : 'role_missing' })
  const parameters = await parametersOf(call)
  const context = call.get('context')
  const old = parameters.need('password')
  const wanted = checkedPassword(parameters, 'new_password')
  const { customer, username: name } = account
  await guarded(context, { customer, name, client: peerAddress(call) }, async () => {
    if ((await matchingPassword(context, [account.passwordHash], old)) < 0)
      refuse({ reason: 'wrong_password' })
  })
  const allowed = await approved(call, caller, `Change the password of ${name}`)
  await recorded(call, allowed, { action: 'password', user: name }, async () => {
    const hash = await hashNewPassword(context, wanted)
    await writePassword(context, account.id, hash)
  })
  return answer(call, { value: true })
})

/** Which types whoever asks may enrol. */
auth.on(['GET', 'POST'], '/rights', async (call) => {
  const caller = await identityOf(call)
  if (caller.name === '') refuse({ reason: 'no_authorization' })
  const granted = await grantedOf(call, caller)
  return answer(call, { value: enrolableTypes(granted) })
})
