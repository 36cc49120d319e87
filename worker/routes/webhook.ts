/** /application/<id>/webhook and /message: where an application is told what happens, and how each telling went. A secret is told once. */
import { toBase64url } from '../../schema/encoding.ts'
import { isWebhookType, webhookTypes } from '../../schema/webhooks.ts'
import { seal } from '../crypto/seal.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { isWebhookAddress } from '../push/hosts.ts'
import {
  type Webhook,
  changeWebhook,
  deleteWebhook,
  insertWebhook,
  mostWebhooks,
  sealedBy,
  webhooksOf,
} from '../store/webhooks.ts'
import type { Listed } from '../webhook/queue.ts'
import { newSecret, shownSecret } from '../webhook/sign.ts'
import { messengerOf } from '../webhook/tell.ts'
import { ownApplication } from './application.ts'
import { callerWith } from './decode/caller.ts'
import { listOf } from './decode/list.ts'
import { type Parameters, parametersOf, wholeNumber } from './decode/parameters.ts'
import { answer } from './encode/envelope.ts'
import { recorded } from './recorded.ts'
import { surface } from './surface.ts'

export const webhook = surface()

/** So long the secret before is good beside a new one. */
const overlapSeconds = 86_400

webhook.get('/:id/webhook', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id } = await ownApplication(call, caller)
  const found = await webhooksOf(call.get('context'), id)
  return answer(call, { value: found.map(shown) })
})

webhook.post('/:id/webhook', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id: application } = await ownApplication(call, caller)
  const context = call.get('context')
  const parameters = await parametersOf(call)
  const url = urlOf(context, parameters)
  const types = typesOf(parameters)
  const detail = { application, host: new URL(url).host, types }
  return recorded(call, caller, { action: 'webhook_add', detail }, async (told) => {
    if ((await webhooksOf(context, application)).length >= mostWebhooks)
      refuse({
        reason: 'bad_parameter',
        field: 'url',
        mend: `must be one of at most ${mostWebhooks}: delete one first`,
      })
    const id = toBase64url(context.random(9))
    const made = await sealedSecret(context, id)
    await insertWebhook(context, {
      ...{ id, customer: caller.customer, application, url, types },
      ...{ secret: made.sealed, previousSecret: null, previousUntilAt: null },
      ...{ active: true, createdAt: nowSeconds(context) },
    })
    told['webhook'] = id
    return answer(call, { value: { id, secret: made.shown } })
  })
})

webhook.delete('/:id/webhook/:webhook', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id: application } = await ownApplication(call, caller)
  const id = call.req.param('webhook')
  const entry = { action: 'webhook_delete', detail: { application, webhook: id } }
  return recorded(call, caller, entry, async () => {
    if (!(await deleteWebhook(call.get('context'), application, id)))
      refuse({ reason: 'webhook_not_found' })
    return answer(call, { value: 1 })
  })
})

webhook.post('/:id/webhook/:webhook/secret', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id: application } = await ownApplication(call, caller)
  const context = call.get('context')
  const id = call.req.param('webhook')
  const entry = { action: 'webhook_secret', detail: { application, webhook: id } }
  return recorded(call, caller, entry, async () => {
    const known = await ownWebhook(context, application, id)
    const made = await sealedSecret(context, id)
    const previousUntilAt = nowSeconds(context) + overlapSeconds
    await changeWebhook(context, known, {
      ...{ secret: made.sealed, previousSecret: known.secret, previousUntilAt },
      active: true,
    })
    return answer(call, { value: { id, secret: made.shown, previous_until_at: previousUntilAt } })
  })
})

webhook.post('/:id/webhook/:webhook/test', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id: application } = await ownApplication(call, caller)
  const context = call.get('context')
  const webhookId = call.req.param('webhook')
  const entry = { action: 'webhook_test', detail: { application, webhook: webhookId } }
  return recorded(call, caller, entry, async () => {
    const { id } = await ownWebhook(context, application, webhookId)
    const message = {
      id: `msg_${toBase64url(context.random(16))}`,
      type: 'webhook.test' as const,
      at: nowSeconds(context),
      data: { application },
    }
    await messengerOf(context, application).tryOut(message, id)
    return answer(call, { value: { message: message.id } })
  })
})

webhook.get('/:id/message', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id } = await ownApplication(call, caller)
  const parameters = await parametersOf(call)
  const most = wholeNumber(parameters, 'limit', { min: 1, max: 500, otherwise: 50 })
  const listed = await messengerOf(call.get('context'), id).list(most)
  return answer(call, { value: grouped(listed) })
})

webhook.post('/:id/message/:message/replay', async (call) => {
  const caller = await callerWith(call, 'applications')
  const { id: application } = await ownApplication(call, caller)
  const message = call.req.param('message')
  const entry = { action: 'webhook_replay', detail: { application, message } }
  return recorded(call, caller, entry, async () => {
    if (!(await messengerOf(call.get('context'), application).replay(message)))
      refuse({ reason: 'message_not_found' })
    return answer(call, { value: 1 })
  })
})

/** @throws Refusal webhook_not_found */
async function ownWebhook(context: Context, application: string, id: string): Promise<Webhook> {
  const found = (await webhooksOf(context, application)).find((one) => one.id === id)
  return found ?? refuse({ reason: 'webhook_not_found' })
}

async function sealedSecret(context: Context, id: string) {
  const secret = newSecret(context.random)
  const { master } = context.deployment
  return {
    shown: shownSecret(secret),
    sealed: await seal(master, sealedBy(id), secret, context.random),
  }
}

function urlOf({ deployment }: Context, parameters: Parameters): string {
  const url = parameters.need('url').trim()
  if (url.length > 512 || !isWebhookAddress(url, deployment))
    refuse({
      reason: 'bad_parameter',
      field: 'url',
      mend:
        deployment.listener === 'edge'
          ? 'must be https at a public host, without a name or a password in it'
          : 'must be https at a host that PUSH_HOSTS names, without a name or a password in it',
    })
  return url
}

/** Left out: all. */
function typesOf(parameters: Parameters): string[] {
  const types = listOf('types', parameters.get('types'))
  if (!types.every(isWebhookType))
    refuse({
      reason: 'bad_parameter',
      field: 'types',
      mend: `must be some of ${webhookTypes.join(', ')}`,
    })
  return types
}

const shown = ({ id, url, types, active, createdAt }: Webhook) => ({
  ...{ id, url, active, created_at: createdAt },
  types: types.length === 0 ? webhookTypes : types,
})

function grouped(listed: Listed[]) {
  const messages = new Map<string, { id: string; type: string; at: number; deliveries: object[] }>()
  for (const { id, type, at, ...way } of listed) {
    const message = messages.get(id) ?? { id, type, at, deliveries: [] }
    messages.set(id, message)
    if (way.webhook !== null)
      message.deliveries.push({
        ...{ webhook: way.webhook, state: way.state, attempts: way.attempts, status: way.status },
        ...{ last_at: inSeconds(way.lastAtMs), next_at: inSeconds(way.nextAtMs) },
      })
  }
  return [...messages.values()]
}

const inSeconds = (ms: number | null): number | null => ms && Math.floor(ms / 1000)
