/**
 * What is asked at POST /auth beside the password: a person's own tokens, where the policies ask for one. The transaction is our
 * own application's, so that no other can redeem it and nothing else is redeemed here.
 */
import { addressOf } from '../../challenge/follow.ts'
import { redeemApproval } from '../../challenge/redeem.ts'
import { resendTransaction } from '../../challenge/steer.ts'
import { triggerChallenge } from '../../challenge/trigger.ts'
import type { Origin } from '../../../schema/signing.ts'
import type { Context } from '../../env.ts'
import { refuse } from '../../problem.ts'
import { readSettings } from '../../store/settings.ts'
import type { Account } from '../../store/accounts.ts'
import { whenceOfBrowser } from '../decode/origin.ts'
import { peerAddress } from '../decode/peer.ts'
import { challengeResult } from '../encode/challenge-answer.ts'
import { answer } from '../encode/envelope.ts'
import type { Call } from '../surface.ts'
import { askAccount, hasDevice, redeemAccount } from './ask-account.ts'
import type { Candidates, PersonHere, SignedIn } from './who.ts'

/** A slash is in no application's id. */
const signingIn = '/auth'
/** Recovery codes too: whoever has lost their phone must be able to say so. */
const types = ['push', 'totp', 'hotp', 'recovery']

/** @returns the challenge, or null where the password is enough for now. */
export async function askSecondFactor(
  call: Call,
  customer: string,
  signed: SignedIn,
): Promise<Response | null> {
  const context = call.get('context')
  if ('account' in signed) return askAdministrator(call, signed.account)
  const { row, realm, ownerId } = signed.person
  const client = peerAddress(call)
  const about = { user: row.username, realm, resolver: row.resolver }
  const { selfServiceFactor } = await readSettings(context, customer, {
    ...about,
    ...(client !== null && { client }),
  })
  if (selfServiceFactor === 0) return null
  const asked = await triggerChallenge(
    context,
    { address: { ownerId, customer }, person: row.id, about },
    {
      application: { id: signingIn, name: context.deployment.issuer },
      origin: originOf(call, client),
      client,
      types,
      firstFactor: true,
    },
  )
  return asked.ok ? answer(call, challengeResult(asked, false)) : null
}

/** At /me it is the person's own browser; who else calls is whatever server it is. Whoever says that wrongly is told of by their own address. */
const originOf = (call: Call, client: string | null): Origin =>
  call.req.header('Sec-Fetch-Site') === 'same-origin'
    ? whenceOfBrowser(call).origin
    : { how: 'server', ...(client !== null && { address: client }) }

/** @throws Refusal approval_impossible: a device that is locked opens nothing. */
async function askAdministrator(call: Call, account: Account): Promise<Response | null> {
  const context = call.get('context')
  if (account.role !== 'admin' || !(await hasDevice(context, account))) return null
  const asked = await askAccount(context, account, {
    purpose: signingIn,
    title: 'Administration',
    text: `Sign in as ${account.username}`,
    client: peerAddress(call),
  })
  if (!asked.ok) refuse({ reason: 'approval_impossible', why: asked.reason.replaceAll('_', ' ') })
  return answer(call, challengeResult(asked, false))
}

/** @throws Refusal wrong_password: whatever is wrong with the transaction, no more is said. */
export async function redeemSecondFactor(
  context: Context,
  { account, person }: Candidates,
  transactionId: string,
  pass: string,
): Promise<SignedIn & { approved: true }> {
  if (account) {
    const purpose = signingIn
    const outcome = await redeemAccount(context, account, { transactionId, purpose })
    if ('approvedBy' in outcome) return { account, approved: true }
  }
  if (person && (await redeemed(context, person, transactionId, pass)))
    return { person, approved: true }
  return refuse({ reason: 'wrong_password' })
}

/** Who holds the transaction passed the password; how often it may ring, the owner's object says. */
export async function ringAgain(
  call: Call,
  customer: string,
  transactionId: string,
): Promise<Response> {
  const steered = { customer, application: signingIn, transactionId }
  await resendTransaction(call.get('context'), steered)
  return answer(call, { value: true })
}

async function redeemed(
  context: Context,
  { row: { id, customer }, ownerId }: PersonHere,
  transactionId: string,
  pass: string,
): Promise<boolean> {
  const found = await addressOf(context, transactionId)
  if (found?.ownerId !== ownerId) return false
  const address = { ownerId, customer }
  const owner = { address, person: id, about: {} }
  const redemption = await redeemApproval(context, owner, {
    transactionId,
    application: signingIn,
    pass,
    terms: {},
  })
  return redemption.ok
}
