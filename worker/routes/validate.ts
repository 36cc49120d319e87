/** /validate: what login pages, gateways and plugins call. privacyIDEA's shapes; `wait`, events, resend and cancel are ours. */
import { checkPass } from '../challenge/check.ts'
import { statusOf, waitForAnswer } from '../challenge/follow.ts'
import { redeemApproval } from '../challenge/redeem.ts'
import { cancelTransaction, resendTransaction } from '../challenge/steer.ts'
import { type Asking, triggerChallenge } from '../challenge/trigger.ts'
import { challengeTypes, typesAsked } from '../challenge/types.ts'
import { whose, whoseOrNobody } from '../challenge/whose.ts'
import { nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { readSettings } from '../store/settings.ts'
import { type Caller, callerOf, callerWith, checkHeard, checkingCaller } from './decode/caller.ts'
import { whenceOf } from './decode/origin.ts'
import { type Parameters, parametersOf, wholeNumber } from './decode/parameters.ts'
import {
  acceptedCheck,
  challengeResult,
  refusedCheck,
  rejected,
} from './encode/challenge-answer.ts'
import { type Result, answer, envelope } from './encode/envelope.ts'
import { blockedResult, pollResult, redeemResult } from './encode/outcome.ts'
import { streamed } from './encode/streamed.ts'
import { eventStream } from './events.ts'
import { type Call, customerOf, surface } from './surface.ts'

export const validate = surface()

const named = (parameters: Parameters) => ({
  user: parameters.get('user').trim(),
  realm: parameters.get('realm').trim(),
  serial: parameters.get('serial').trim(),
})

function asking(call: Call, caller: Caller, parameters: Parameters): Omit<Asking, 'firstFactor'> {
  const key = call.req.header('Idempotency-Key')
  if (key !== undefined && (key.length < 1 || key.length > 255))
    refuse({
      reason: 'bad_parameter',
      field: 'Idempotency-Key',
      mend: 'must be 1 to 255 characters',
    })
  return {
    application: caller.application,
    ...whenceOf(call, caller, parameters.get('client')),
    ...(key !== undefined && {
      idempotency: { key, request: JSON.stringify([call.req.path, named(parameters)]) },
    }),
  }
}

validate.on(['GET', 'POST'], '/triggerchallenge', async (call) => {
  const caller = await callerWith(call, 'trigger')
  const parameters = await parametersOf(call)
  const { context } = call.var
  const owner = await whoseOrNobody(context, caller.customer, named(parameters))
  if (!owner) return answer(call, untriggered('no_tokens'))
  const about = asking(call, caller, parameters)
  const asked = await triggerChallenge(context, owner, {
    ...about,
    ...(await typesAsked(context, owner, about.client, parameters.get('type'))),
    firstFactor: false,
  })
  return answer(
    call,
    asked.ok ? challengeResult(asked, asked.serials.length) : untriggered(asked.reason),
  )
})

const untriggered = (reason: string): Result => ({
  value: 0,
  authentication: 'REJECT',
  detail: { message: refusedTrigger(reason) },
})

const refusedTrigger = (reason: string): string =>
  reason === 'locked' ? 'Failcounter exceeded' : 'The user has no tokens assigned'

/** What a check comes to: at once, or after a wait that must be told to stop when its caller has gone. */
type Outcome = Result | { later: (gone: Promise<void>) => Promise<Result> }

async function check(call: Call): Promise<Outcome> {
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
      application: caller.application.id,
      pass: typed,
    })
  if (!transactionId) {
    const about = asking(call, caller, parameters)
    const checked = await checkPass(context, owner, {
      ...about,
      ...(await typesAsked(context, owner, about.client, parameters.get('type'))),
      challengeTypes: await challengeTypes(context, owner, about.client),
      otpOnly: isOtpOnly(parameters),
      mayBlock: true,
      pass,
    })
    if (!checked.ok)
      return refusedCheck(checked, parameters.get('user') === '', nowSeconds(context))
    if ('accepted' in checked) return acceptedCheck(checked.accepted)
    const { transactionId: id, waitSeconds: seconds } = checked
    if (seconds === 0) return challengeResult(checked, false)
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

validate.on(['GET', 'POST'], '/check', async (call) => {
  const outcome = await check(call)
  if (!('later' in outcome)) return answer(call, outcome)
  return streamed(background(call), async (gone) =>
    envelope(await outcome.later(gone), call.var.context.nowMs()),
  )
})

/** For gateways that read the status and nothing else: 204 is accepted, 400 is everything else. The body is empty. */
validate.on(['GET', 'POST'], '/radiuscheck', async (call) => {
  const outcome = await check(call)
  const result = 'later' in outcome ? await outcome.later(new Promise(() => undefined)) : outcome
  return new Response(null, { status: result.value === true ? 204 : 400 })
})

const offered = ['push', 'totp', 'hotp', 'recovery']

/** What this server offers to login pages, for an application that is known. */
validate.get('/capabilities', async (call) => {
  const caller = await callerOf(call)
  if (caller.name === '') refuse({ reason: 'api_key_required' })
  return answer(call, {
    value: { capabilities: caller.rights.has('check') ? offered : [] },
  })
})

validate.on(['GET', 'POST'], '/initialize', async (call) => {
  const type = (await parametersOf(call)).need('type')
  const mend = type === 'passkey' ? 'is not offered yet: passkeys come later' : 'must be passkey'
  return refuse({ reason: 'bad_parameter', field: 'type', mend })
})

/** Of one named token only: nobody's PIN is passed over by a name. */
const isOtpOnly = (parameters: Parameters): boolean =>
  /^(1|true)$/i.test(parameters.get('otponly')) &&
  parameters.get('serial').trim() !== '' &&
  parameters.get('user').trim() === ''

const poll = async (call: Call, transactionId: string): Promise<Response> => {
  const { context } = call.var
  const customer = customerOf(call)
  const parameters = await parametersOf(call)
  const knowsCancelled = parameters.get('cancelled') === '1'
  const now = async () =>
    answer(call, pollResult(await statusOf(context, customer, transactionId), knowsCancelled))
  if (!parameters.has('wait')) return now()
  const { blockingWaitSeconds: max } = await readSettings(context, customer)
  const seconds = wholeNumber(parameters, 'wait', { min: 0, max, otherwise: 0 })
  if (seconds === 0) return now()
  return streamed(background(call), async (gone) => {
    const { status } = await waitForAnswer(context, { customer, transactionId }, { seconds, gone })
    return envelope(pollResult(status, knowsCancelled), context.nowMs())
  })
}

// Login pages poll from the person's browser, whatever their origin; who polls learns the status and nothing more.
validate.use('/polltransaction/*', async (call, next) => {
  await next()
  call.res.headers.set('Access-Control-Allow-Origin', '*')
})
validate.get('/polltransaction', async (call) =>
  poll(call, (await parametersOf(call)).need('transaction_id')),
)
validate.get('/polltransaction/:id', (call) => poll(call, call.req.param('id')))

validate.get('/events/:id', (call) => eventStream(call, call.req.param('id')))

validate.post('/resend', async (call) => {
  const caller = await callerWith(call, 'trigger')
  const transactionId = (await parametersOf(call)).need('transaction_id')
  await resendTransaction(call.var.context, { ...steered(caller), transactionId })
  return answer(call, { value: true })
})

validate.post('/cancel', async (call) => {
  const caller = await checkingCaller(call)
  const transactionId = (await parametersOf(call)).need('transaction_id')
  await cancelTransaction(call.var.context, { ...steered(caller), transactionId })
  return answer(call, { value: true })
})

const steered = (caller: Caller) => ({
  customer: caller.customer,
  application: caller.application.id,
})

const background = (call: Call) => (work: Promise<unknown>) => call.executionCtx.waitUntil(work)
