/** /validate/check and /validate/radiuscheck: a first factor makes a challenge, a one-time password is judged, an approval is redeemed, a passkey lets in by itself. */
import { type Checked, checkPass } from '../../challenge/check.ts'
import { waitForAnswer } from '../../challenge/follow.ts'
import { redeemApproval } from '../../challenge/redeem.ts'
import type { Redemption } from '../../challenge/desk/redeem.ts'
import { type Used, insistAuthorized } from '../../challenge/rules.ts'
import { typesAsked } from '../../challenge/types.ts'
import { enrolByLogin, isEnrolled, putOff } from '../../enrolment/by-login.ts'
import { nowSeconds } from '../../env.ts'
import { Refusal, refuse } from '../../problem.ts'
import { writeAudit } from '../../record/audit.ts'
import { rememberedPerson } from '../../store/people.ts'
import { readSettings } from '../../store/settings.ts'
import { checkingCaller } from '../decode/caller.ts'
import { type Parameters, parametersOf } from '../decode/parameters.ts'
import { namesCredential } from '../decode/passkey.ts'
import {
  acceptedCheck,
  admittedCheck,
  challengeResult,
  enrolmentChallenge,
  putOffResult,
  refusedCheck,
  rejected,
} from '../encode/challenge-answer.ts'
import { concluded } from '../encode/conclusion.ts'
import { type Result, answer, envelope, failureBody } from '../encode/envelope.ts'
import { blockedResult, redeemResult } from '../encode/outcome.ts'
import { streamed } from '../encode/streamed.ts'
import { type Call, surface } from '../surface.ts'
import { type Login, loginOf } from './login.ts'
import { checkedByPasskey } from './passkey.ts'

export const check = surface()

/** What a check comes to: at once, or after a wait that must be told to stop when its caller has gone. */
type Outcome = Result | { later: (gone: Promise<void>) => Promise<Result> }

async function checked(call: Call): Promise<Outcome> {
  const parameters = await parametersOf(call)
  if (isTrue(parameters.get('cancel_enrollment'))) return cancelled(call, parameters)
  if (namesCredential(parameters)) return checkedByPasskey(call)
  const login = await loginOf(call, parameters)
  const outcome = await ofWhoever(call, login)
  const end = async (result: Result) =>
    concluded(await enrolsInstead(call, login, result), login.concluding)
  return 'later' in outcome
    ? { later: async (gone) => end(await outcome.later(gone)) }
    : end(outcome)
}

/** Whoever has been let in by name, and lacks the token that a policy wants them to have, enrols it first. */
async function enrolsInstead(
  call: Call,
  { caller, parameters, sought, about, rules }: Login,
  result: Result,
): Promise<Result> {
  const { realm } = sought.about
  if (result.value !== true || sought.person === null || realm === undefined) return result
  if (parameters.get('user').trim() === '') return result
  const type = rules.enrols()
  if (!isEnrolled(type)) return result
  const context = call.get('context')
  const { customer, application } = caller
  const { client } = about
  const person = await rememberedPerson(context, sought.person)
  if (!person) return result
  const { ownerId } = sought.address
  const login = { customer, application, client, type, person: { ...person, realm, ownerId } }
  const enrolled = await enrolByLogin(context, login)
  return enrolled ? enrolmentChallenge(enrolled) : result
}

/** As privacyIDEA has it, the transaction alone says whose it is. */
async function cancelled(call: Call, parameters: Parameters): Promise<Result> {
  const caller = await checkingCaller(call)
  const asked = {
    customer: caller.customer,
    application: caller.application.id,
    transactionId: parameters.need('transaction_id'),
  }
  return putOffResult(await putOff(call.get('context'), asked))
}

async function ofWhoever(call: Call, login: Login): Promise<Outcome> {
  const context = call.get('context')
  const { sought, rules, transactionId, concluding } = login
  if (sought.missing === 'user_not_found' && !sought.barred && rules.admitted.noUser !== null)
    return admitNobody(call, login, rules.admitted.noUser)
  if (sought.missing && !concluding.isHidden) refuse({ reason: sought.missing })
  if (transactionId !== '') return redeemed(call, login, transactionId)
  const { about, parameters } = login
  const found = await checkPass(context, sought, {
    ...about,
    ...(await typesAsked(context, sought, about.client, parameters.get('type'))),
    rules,
    isHidden: concluding.isHidden,
    otpOnly: isOtpOnly(parameters),
    mayBlock: true,
    pass: parameters.get('pass'),
  })
  if (!found.ok)
    return concluding.isHidden ? rejected('') : refusedCheck(found, nowSeconds(context))
  if ('accepted' in found || 'admitted' in found) return accepted(call, login, found)
  const { transactionId: id, waitSeconds: seconds } = found
  if (seconds === 0) return challengeResult(found, false)
  return {
    later: async (gone) => {
      const waiting = { transactionId: id }
      const waited = await waitForAnswer(context, waiting, { seconds, gone })
      // Who has left cannot use an approval; redeeming it for them would burn it.
      return waited.end === 'left'
        ? rejected('wrong otp value')
        : blockedResult(await redeem(call, login, id, ''))
    },
  }
}

/** Whoever does not exist is let in, where a policy wants it so. */
async function admitNobody(call: Call, { caller, sought, about }: Login, policy: string) {
  const context = call.get('context')
  await writeAudit(context, {
    customer: caller.customer,
    action: 'check',
    success: true,
    user: sought.about.user,
    realm: sought.about.realm,
    application: caller.application.id,
    client: about.client ?? undefined,
    detail: { policy },
  })
  return admittedCheck(`user does not exist, accepted due to '${policy}'`)
}

async function accepted(
  call: Call,
  login: Login,
  found: Extract<Checked, { accepted: unknown } | { admitted: unknown }>,
): Promise<Result> {
  await authorize(call, login, 'accepted' in found ? found.accepted : [])
  return 'accepted' in found ? acceptedCheck(found.accepted) : admittedCheck(found.admitted)
}

const authorize = (call: Call, { rules, sought, caller }: Login, tokens: Used[]): Promise<void> =>
  insistAuthorized(call.get('context'), rules, sought, {
    tokens,
    application: caller.application.id,
  })

/** @throws Refusal where policies let nobody in with this token: the approval is used up. */
async function redeem(call: Call, login: Login, id: string, pass: string): Promise<Redemption> {
  const context = call.get('context')
  const redemption = await redeemApproval(context, login.sought, {
    transactionId: id,
    application: login.caller.name === '' ? null : login.caller.application.id,
    pass,
    terms: login.rules.terms,
  })
  if (redemption.ok) await authorize(call, login, [redemption])
  return redemption
}

async function redeemed(call: Call, login: Login, transactionId: string): Promise<Outcome> {
  const context = call.get('context')
  const { caller, parameters, sought } = login
  const pass = parameters.get('pass')
  const first = await redeem(call, login, transactionId, pass)
  // With State the caller waits for a device's answer: it cannot poll. A one-time password is judged at once.
  const waits =
    parameters.get('state') !== '' &&
    !first.ok &&
    first.state === 'pending' &&
    !first.judged &&
    first.challenged.some(({ type }) => type === 'push') &&
    (pass === '' || first.challenged.every(({ type }) => type === 'push'))
  if (!waits) return redeemResult(first)
  const { blockingWaitSeconds: seconds } = await readSettings(context, caller.customer)
  const waiting = { transactionId, expectedOwner: sought.address.ownerId }
  return {
    later: async (gone) => {
      const waited = await waitForAnswer(context, waiting, { seconds, gone })
      return redeemResult(
        waited.end === 'left' ? first : await redeem(call, login, transactionId, ''),
      )
    },
  }
}

check.on(['GET', 'POST'], '/check', async (call) => {
  const outcome = await checked(call)
  if (!('later' in outcome)) return answer(call, outcome)
  return streamed(background(call), async (gone) => {
    try {
      return envelope(await outcome.later(gone), call.get('context').nowMs())
    } catch (error) {
      // The status has gone out: the body says it.
      if (error instanceof Refusal) return failureBody(call, error.failure)
      throw error
    }
  })
})

/** For gateways that read the status and nothing else: 204 is accepted, 400 is everything else. The body is empty. */
check.on(['GET', 'POST'], '/radiuscheck', async (call) => {
  const outcome = await checked(call)
  const result = 'later' in outcome ? await whileCallerStays(call, outcome.later) : outcome
  return new Response(null, { status: result.value === true ? 204 : 400 })
})

/** The status stands in the first line, so nothing can be streamed: only the runtime can tell that the caller has left. */
async function whileCallerStays<T>(call: Call, work: (gone: Promise<void>) => Promise<T>) {
  const { signal } = call.req.raw
  const gone = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const working = work(gone)
  // Where the caller leaves, a request with nothing in the background ends before it hears of it.
  background(call)(working.catch(() => undefined))
  return working
}

/** Of one named token only: nobody's PIN is passed over by a name. */
const isOtpOnly = (parameters: Parameters): boolean =>
  isTrue(parameters.get('otponly')) &&
  parameters.get('serial').trim() !== '' &&
  parameters.get('user').trim() === ''

const isTrue = (text: string): boolean => /^(1|true)$/i.test(text)

const background = (call: Call) => (work: Promise<unknown>) => call.executionCtx.waitUntil(work)
