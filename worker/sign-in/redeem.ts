/** The application's own use of an approval, once, under the policies that hold for logins; and what is granted by it. */
import { insistAuthorized, rulesFor } from '../challenge/rules.ts'
import { redeemApproval } from '../challenge/redeem.ts'
import { nowSeconds } from '../env.ts'
import type { Known } from '../grant/known.ts'
import { type Login, loginBy } from '../grant/claims.ts'
import type { Granted } from '../grant/issue.ts'
import { writeAudit } from '../record/audit.ts'
import type { Question } from './ask.ts'
import type { SignInRequest } from './request.ts'
import { type Subject, ownerOf } from './subject.ts'

export type Redeemed = { login: Login } | { refused: string }

/** @param pass what was typed at the page; '' where a device has answered. @throws Refusal of policies that let nobody in so. */
export async function redeemAnswer(
  known: Known,
  subject: Subject,
  { transactionId }: Pick<Question, 'transactionId'>,
  { pass, client }: { pass: string; client: string | null },
): Promise<Redeemed> {
  const { context, application, registration } = known
  const owner = ownerOf(known, subject)
  const about = { ...owner.about, ...(client !== null && { client }) }
  const rules = await rulesFor(context, registration.customer, about)
  const redemption = await redeemApproval(context, owner, {
    transactionId,
    application: application.id,
    pass,
    terms: rules.terms,
  })
  if (!redemption.ok) return { refused: redemption.reason }
  await insistAuthorized(context, rules, owner, {
    tokens: [redemption],
    application: application.id,
  })
  return { login: loginBy(subject.amr, redemption, nowSeconds(context)) }
}

/** What is kept of it, and written down. */
export async function grantedBy(
  known: Known,
  subject: Subject,
  { login, request, session }: { login: Login; request: Asked; session: string },
): Promise<Granted> {
  const { context, registration } = known
  const { customer, application } = registration
  await writeAudit(context, {
    customer,
    application,
    action: 'grant',
    success: true,
    user: subject.username,
    realm: subject.realm,
    detail: { acr: login.acr, amr: login.amr.join(' ') },
  })
  return {
    customer,
    application,
    person: subject.person,
    realm: subject.realm,
    scope: request.scope,
    session,
    login: {
      ...login,
      ...(request.nonce !== undefined && { nonce: request.nonce }),
      ...(request.details && { details: request.details }),
    },
  }
}

type Asked = Pick<SignInRequest, 'scope' | 'nonce' | 'details'>
