/** CIBA: an application asks for a person without a browser, and fetches what came of it. Everything that the device shows is signed. */
import { codeFor } from '../challenge/code.ts'
import { statusOf } from '../challenge/follow.ts'
import { seal } from '../crypto/seal.ts'
import { sha256, utf8 } from '../../schema/encoding.ts'
import { nowSeconds } from '../env.ts'
import { personOf } from '../grant/claims.ts'
import { type Tokens, giveGrant, giveTokens } from '../grant/issue.ts'
import { newSecret } from '../grant/keys.ts'
import type { Known } from '../grant/known.ts'
import { oauthRefusal } from '../grant/refusal.ts'
import { Refusal } from '../problem.ts'
import { changeSignIn, findSignIn, insertSignIn } from '../store/sign-ins.ts'
import { type Asking, type Question, ask } from './ask.ts'
import { bindingMessageOf, detailsOf, messageOf } from './details.ts'
import { grantedBy, redeemAnswer } from './redeem.ts'
import { type Given, type SignInRequest, scopesOf } from './request.ts'
import { type Subject, subjectNamed, subjectOfHint } from './subject.ts'

const intervalSeconds = 2
/** CIBA Core §11: so much longer after each poll that came too soon. */
const slowerSeconds = 5
/** After its time is over a request is still known, so that a late poll hears that it is. */
const keptSeconds = 900
/** Nobody finds a phone sooner. */
const leastSeconds = 10
const longestToken = 1024

export type Begun = {
  auth_req_id: string
  expires_in: number
  interval: number
  display_code?: string
  notified: boolean
  sent_to: string[]
  conforming: boolean
}

/** @throws Refusal in the words of CIBA Core §13 */
export async function beginBackchannel(
  known: Known,
  given: Given,
  whence: Pick<Asking, 'origin' | 'client' | 'agent'>,
): Promise<Begun> {
  const { context, registration } = known
  if (registration.ciba === '')
    oauthRefusal('unauthorized_client', 'this application is not registered for CIBA')
  const scope = scopesOf(given['scope']).join(' ')
  const hints = ['login_hint', 'id_token_hint', 'login_hint_token'].filter((name) => given[name])
  if (hints.length !== 1) oauthRefusal('invalid_request', 'exactly one hint must say who is meant')
  const details = detailsOf(given['authorization_details'])
  const message = messageOf(bindingMessageOf(given['binding_message']), details)
  const answerSeconds = expiryOf(given['requested_expiry'])
  const pass = given['user_code']
  if (registration.userCode && pass === undefined)
    oauthRefusal('missing_user_code', 'user_code is missing: what the person alone knows')
  const authReqId = newSecret(context)
  const ping = await pingOf(known, given['client_notification_token'], authReqId)
  const subject = await subjectOf(known, given)
  const asked = await ask(known, subject, {
    ...whence,
    message,
    firstFactor: false,
    mayType: false,
    ...(answerSeconds !== undefined && { answerSeconds }),
    ...(pass !== undefined && { pass }),
    ...(ping && { ping }),
  })
  if ('refused' in asked)
    return asked.refused === 'wrong_pin'
      ? oauthRefusal('invalid_user_code', 'user_code is not right, or was tried too often')
      : oauthRefusal('unknown_user_id', 'this person has no device that can be asked')
  await insertSignIn(context.db, {
    id: await sha256(authReqId),
    customer: registration.customer,
    application: registration.application,
    browserHash: '',
    request: { scope, ...(details && { details }) },
    subject: { ...subject, amr: asked.amr },
    question: asked,
    isDone: false,
    pollAgainAt: 0,
    interval: intervalSeconds,
    expiresAt: asked.answerableUntilAt + keptSeconds,
  })
  const { challenge } = asked
  return {
    auth_req_id: authReqId,
    expires_in: Math.max(1, asked.answerableUntilAt - nowSeconds(context)),
    interval: intervalSeconds,
    ...(challenge !== null && {
      display_code: await codeFor(context.deployment.master, challenge),
    }),
    ...(asked.pressed !== null && challenge === null && { display_code: asked.pressed }),
    notified: asked.notified,
    sent_to: asked.sentTo,
    conforming: registration.showsCode,
  }
}

function expiryOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text))
    oauthRefusal('invalid_request', 'requested_expiry must be a whole number of seconds')
  return Math.max(leastSeconds, Number(text))
}

/** What the application knows its request by goes back to it, and is read by nobody in between. */
async function pingOf(
  { context, registration }: Known,
  token: string | undefined,
  authReqId: string,
): Promise<{ endpoint: string; sealed: string } | null> {
  if (registration.ciba !== 'ping') return null
  if (token === undefined || token.length > longestToken || !/^[\w.~+/=-]+$/.test(token))
    return oauthRefusal('invalid_request', 'client_notification_token must be a bearer token')
  const { master } = context.deployment
  const content = utf8(JSON.stringify({ token, authReqId }))
  return {
    endpoint: registration.notificationEndpoint,
    sealed: await seal(master, 'ping', content, context.random),
  }
}

async function subjectOf(known: Known, given: Given): Promise<Subject> {
  const { login_hint: name, id_token_hint: hint } = given
  if (name === undefined && hint === undefined)
    oauthRefusal('invalid_request', 'login_hint_token is not understood: send login_hint')
  const subject = name ? await subjectNamed(known, name) : await subjectOfHint(known, hint ?? '')
  return subject ?? oauthRefusal('unknown_user_id', 'nobody is called so here')
}

/** @throws Refusal in the words of CIBA Core §11 */
export async function redeemBackchannel(known: Known, authReqId: string): Promise<Tokens> {
  const { context, registration, clientId } = known
  const { db } = context
  const now = nowSeconds(context)
  const row = await findSignIn(db, await sha256(authReqId), now)
  if (!row || row.isDone || row.browserHash !== '' || row.application !== registration.application)
    return oauthRefusal('invalid_grant', 'auth_req_id is unknown, used or over')
  const { id } = row
  if (now < row.pollAgainAt) {
    const interval = row.interval + slowerSeconds
    await changeSignIn(db, id, { interval, pollAgainAt: now + interval })
    return oauthRefusal('slow_down', `ask every ${interval} seconds at most`)
  }
  const question = row.question as unknown as Question
  const subject = row.subject as unknown as Subject
  const request = row.request as unknown as Pick<SignInRequest, 'scope' | 'details'>
  const state = (await statusOf(context, question.transactionId))?.state ?? 'expired'
  if (state === 'pending') {
    await changeSignIn(db, id, { pollAgainAt: now + row.interval })
    return oauthRefusal('authorization_pending', 'the person has not answered yet')
  }
  if (state === 'declined') return oauthRefusal('access_denied', 'the person has declined')
  if (state === 'cancelled')
    return oauthRefusal('transaction_failed', 'the request was taken back, or its person is gone')
  if (state !== 'approved') return oauthRefusal('expired_token', 'nobody answered in time')
  const client = null
  const redeemed = await redeemAnswer(known, subject, question, { pass: '', client }).catch(
    (error: unknown) => {
      if (error instanceof Refusal) return null
      throw error
    },
  )
  if (!redeemed) return oauthRefusal('access_denied', 'policies let nobody in so')
  if ('refused' in redeemed || !(await changeSignIn(db, id, { isDone: true })))
    return oauthRefusal('transaction_failed', 'the approval is over, or was used up')
  const { login } = redeemed
  const granted = await grantedBy(known, subject, { login, request, session: '' })
  const grant = await giveGrant(context, granted)
  const person = await personOf(context, grant)
  if (!person) return oauthRefusal('transaction_failed', 'the person is gone, or their device')
  return giveTokens(context, grant, { registration, clientId, person })
}
