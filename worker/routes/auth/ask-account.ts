/**
 * Asks an administrator's own devices, as our own application: no policy about people speaks of it, no other application can redeem
 * it, and nobody can ring it by a name or a serial.
 */
import { redeemApproval } from '../../challenge/redeem.ts'
import { type Asked, triggerChallenge } from '../../challenge/trigger.ts'
import { accountOwner } from '../../challenge/whose.ts'
import type { Context } from '../../env.ts'
import { hardenedSettings } from '../../policy/settings.ts'
import type { Account } from '../../store/accounts.ts'
import { tokensOf } from '../../store/tokens/find.ts'

/** Two minutes to answer and three more to make use of it: what was approved is done now or not at all. */
const settings = { ...hardenedSettings, answerSeconds: 120, redeemSeconds: 180 }

/** Enrolled and in force: a locked one is one too, so that locking it opens nothing. */
export async function hasDevice(context: Context, account: Account): Promise<boolean> {
  const ownerId = await accountOwner(context, account.customer, account.id)
  const tokens = await tokensOf(context.db, ownerId)
  return tokens.some(
    ({ rolloutState, active, revoked }) => rolloutState === 'enrolled' && active && !revoked,
  )
}

type Question = {
  /** What the answer is good for, and for nothing else. A slash is in no application's id. */
  purpose: `/${string}`
  title: string
  text: string
  client: string | null
}

export async function askAccount(
  context: Context,
  account: Account,
  { purpose, title, text, client }: Question,
): Promise<Asked> {
  const ownerId = await accountOwner(context, account.customer, account.id)
  const owner = { address: { ownerId, customer: account.customer }, person: null, about: {} }
  return triggerChallenge(context, owner, {
    application: { id: purpose, name: context.deployment.issuer },
    origin: { how: 'server', ...(client !== null && { address: client }) },
    client,
    firstFactor: true,
    own: { title, text, settings },
  })
}

/** @returns the device that approved, this once; or how it stands. */
export async function redeemAccount(
  context: Context,
  account: Account,
  { transactionId, purpose }: { transactionId: string; purpose: string },
): Promise<{ approvedBy: string } | { state: string }> {
  const ownerId = await accountOwner(context, account.customer, account.id)
  const owner = { address: { ownerId, customer: account.customer }, person: null, about: {} }
  const redemption = await redeemApproval(context, owner, {
    transactionId,
    application: purpose,
    pass: '',
    terms: {},
  })
  return redemption.ok
    ? { approvedBy: redemption.serial }
    : { state: redemption.state ?? redemption.reason }
}
