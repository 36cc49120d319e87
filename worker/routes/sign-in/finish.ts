/** The end of a login at the page: what was granted goes back to the application, and the browser is known where the login was whole. */
import { giveCode } from '../../grant/issue.ts'
import type { Login } from '../../grant/claims.ts'
import type { Known } from '../../grant/known.ts'
import { newSessionId, openSession } from '../../sign-in/browser.ts'
import { grantedBy } from '../../sign-in/redeem.ts'
import { type SignInRequest, answerTo } from '../../sign-in/request.ts'
import type { Subject } from '../../sign-in/subject.ts'
import { setCookie } from '../decode/cookie.ts'
import type { Call } from '../surface.ts'

export async function finishSignIn(
  call: Call,
  known: Known,
  request: SignInRequest,
  { subject, login }: { subject: Subject; login: Login },
): Promise<Response> {
  const { context, registration } = known
  const isWhole = registration.mode === 'whole_login'
  const session = isWhole ? newSessionId(context) : ''
  if (isWhole) {
    const opened = { id: session, subject, login }
    setCookie(call, 'session', await openSession(context, registration.customer, opened))
  }
  const granted = await grantedBy(known, subject, { login, request, session })
  const code = await giveCode(context, granted, request)
  return leaveTo(call, request, { code })
}

export const leaveTo = (
  call: Call,
  request: SignInRequest,
  said: Record<string, string>,
): Response => call.redirect(answerTo(request, call.get('context').deployment.origin, said), 303)
