/** Asks the person's devices and leads the browser to the page where it waits. */
import { sha256, toBase64url } from '../../../schema/encoding.ts'
import { nowSeconds } from '../../env.ts'
import type { Known } from '../../grant/known.ts'
import { ask } from '../../sign-in/ask.ts'
import { messageOf } from '../../sign-in/details.ts'
import type { SignInRequest } from '../../sign-in/request.ts'
import type { Subject } from '../../sign-in/subject.ts'
import { keyIdIn } from '../../store/databases.ts'
import { insertSignIn } from '../../store/sign-ins.ts'
import { browserOf } from '../decode/cookie.ts'
import { whenceOfBrowser } from '../decode/origin.ts'
import type { Call } from '../surface.ts'

/** Longer than the longest that a device may take, and some tries. */
const signInSeconds = 3600
const longestAgent = 256

export const askIn = (call: Call, known: Known, subject: Subject, request: SignInRequest) =>
  ask(known, subject, {
    ...whenceOfBrowser(call),
    agent: (call.req.header('User-Agent') ?? '').slice(0, longestAgent),
    message: messageOf(null, request.details ?? null),
    firstFactor: true,
    mayType: true,
  })

export async function beginAsking(
  call: Call,
  known: Known,
  request: SignInRequest,
  subject: Subject,
): Promise<Response> {
  const { context, registration } = known
  const id = keyIdIn(context.database, toBase64url(context.random(16)))
  const question = await askIn(call, known, subject, request)
  await insertSignIn(context.db, {
    id,
    customer: registration.customer,
    application: registration.application,
    browserHash: await sha256(browserOf(call)),
    request,
    subject,
    question,
    isDone: false,
    pollAgainAt: 0,
    interval: 0,
    expiresAt: nowSeconds(context) + signInSeconds,
  })
  return call.redirect(`/sign-in/${id}`, 303)
}
