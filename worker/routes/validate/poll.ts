/** /validate/polltransaction and /validate/events: how a login goes, for whoever has its id. */
import { statusOf, waitForAnswer } from '../../challenge/follow.ts'
import { defaultCustomer } from '../../store/customers.ts'
import { readSettings } from '../../store/settings.ts'
import { identityOf } from '../decode/identity.ts'
import { parametersOf, wholeNumber } from '../decode/parameters.ts'
import { answer, envelope } from '../encode/envelope.ts'
import { pollResult } from '../encode/outcome.ts'
import { streamed } from '../encode/streamed.ts'
import { eventStream } from '../events.ts'
import { type Call, surface } from '../surface.ts'

export const poll = surface()

const polled = async (call: Call, transactionId: string): Promise<Response> => {
  const context = call.get('context')
  const parameters = await parametersOf(call)
  const knowsCancelled = parameters.get('cancelled') === '1'
  const now = async () =>
    answer(call, pollResult(await statusOf(context, transactionId), knowsCancelled))
  if (!parameters.has('wait')) return now()
  const { blockingWaitSeconds: max } = await readSettings(context, await waitingFor(call))
  const seconds = wholeNumber(parameters, 'wait', { min: 0, max, otherwise: 0 })
  if (seconds === 0) return now()
  return streamed(background(call), async (gone) => {
    const { status } = await waitForAnswer(context, { transactionId }, { seconds, gone })
    return envelope(pollResult(status, knowsCancelled), context.nowMs())
  })
}

/** How long a wait may be is a customer's setting: theirs whose key is shown. */
const waitingFor = async (call: Call): Promise<string> =>
  call.req.header('X-API-Key') === undefined ? defaultCustomer : (await identityOf(call)).customer

// Login pages poll from the person's browser, whatever their origin; who polls learns the status and nothing more.
poll.use('/polltransaction/*', async (call, next) => {
  await next()
  call.res.headers.set('Access-Control-Allow-Origin', '*')
})
poll.get('/polltransaction', async (call) =>
  polled(call, (await parametersOf(call)).need('transaction_id')),
)
poll.get('/polltransaction/:id', (call) => polled(call, call.req.param('id')))

poll.get('/events/:id', (call) => eventStream(call, call.req.param('id')))

const background = (call: Call) => (work: Promise<unknown>) => call.executionCtx.waitUntil(work)
