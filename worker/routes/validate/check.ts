/** /validate/check and /validate/radiuscheck: a first factor makes a challenge, a one-time password is judged, an approval is redeemed. */
import { checkPass } from '../../challenge/check.ts'
import { waitForAnswer } from '../../challenge/follow.ts'
import { redeemApproval } from '../../challenge/redeem.ts'
import { challengeTypes, typesAsked } from '../../challenge/types.ts'
import { whose } from '../../challenge/whose.ts'
import { nowSeconds } from '../../env.ts'
import { readSettings } from '../../store/settings.ts'
import { checkHeard, checkingCaller } from '../decode/caller.ts'
import { type Parameters, parametersOf } from '../decode/parameters.ts'
import {
  acceptedCheck,
  challengeResult,
  refusedCheck,
  rejected,
} from '../encode/challenge-answer.ts'
import { type Result, answer, envelope } from '../encode/envelope.ts'
import { blockedResult, redeemResult } from '../encode/outcome.ts'
import { streamed } from '../encode/streamed.ts'
import { type Call, surface } from '../surface.ts'
import { asking, named } from './asking.ts'

export const check = surface()

/** What a check comes to: at once, or after a wait that must be told to stop when its caller has gone. */
type Outcome = Result | { later: (gone: Promise<void>) => Promise<Result> }

async function checked(call: Call): Promise<Outcome> {
  const caller = await checkingCaller(call)
  const parameters = await parametersOf(call)
  const state = parameters.get('state')
  const transactionId = parameters.get('transaction_id') || state
  const pass = transactionId ? parameters.get('pass') : parameters.need('pass')
  const { context } = call.var
  const owner = await whose(context, caller.customer, named(parameters))
  await checkHeard(call, caller, owner.about)
  const following = { customer: caller.customer, expectedOwner: owner.address.ownerId }
  const redeem = (id: string, typed: string) =>
    redeemApproval(context, owner, {
      transactionId: id,
      application: caller.name === '' ? null : caller.application.id,
      pass: typed,
    })
  if (!transactionId) {
    const about = asking(call, caller, parameters)
    const found = await checkPass(context, owner, {
      ...about,
      ...(await typesAsked(context, owner, about.client, parameters.get('type'))),
      challengeTypes: await challengeTypes(context, owner, about.client),
      otpOnly: isOtpOnly(parameters),
      mayBlock: true,
      pass,
    })
    if (!found.ok) return refusedCheck(found, parameters.get('user') === '', nowSeconds(context))
    if ('accepted' in found) return acceptedCheck(found.accepted)
    const { transactionId: id, waitSeconds: seconds } = found
    if (seconds === 0) return challengeResult(found, false)
    return {
      later: async (gone) => {
        const route = { ...following, transactionId: id }
        const waited = await waitForAnswer(context, route, { seconds, gone })
        // Who has left cannot use an approval; redeeming it for them would burn it.
        return waited.end === 'left'
          ? rejected('wrong otp value')
          : blockedResult(await redeem(id, ''))
      },
    }
  }
  const redeemed = await redeem(transactionId, pass)
  // With State the caller waits for a device's answer: it cannot poll. A one-time password is judged at once.
  const waits =
    state &&
    !redeemed.ok &&
    redeemed.state === 'pending' &&
    !redeemed.judged &&
    redeemed.challenged.some(({ type }) => type === 'push') &&
    (pass === '' || redeemed.challenged.every(({ type }) => type === 'push'))
  if (!waits) return redeemResult(redeemed)
  const { blockingWaitSeconds: seconds } = await readSettings(context, caller.customer)
  return {
    later: async (gone) => {
      const waited = await waitForAnswer(
        context,
        { ...following, transactionId },
        { seconds, gone },
      )
      return waited.end === 'left'
        ? redeemResult(redeemed)
        : redeemResult(await redeem(transactionId, ''))
    },
  }
}

check.on(['GET', 'POST'], '/check', async (call) => {
  const outcome = await checked(call)
  if (!('later' in outcome)) return answer(call, outcome)
  return streamed(background(call), async (gone) =>
    envelope(await outcome.later(gone), call.var.context.nowMs()),
  )
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
  /^(1|true)$/i.test(parameters.get('otponly')) &&
  parameters.get('serial').trim() !== '' &&
  parameters.get('user').trim() === ''

const background = (call: Call) => (work: Promise<unknown>) => call.executionCtx.waitUntil(work)
