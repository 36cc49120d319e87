/**
 * Sends one push message: RFC 8030, encrypted by RFC 8291, signed by RFC 8292. `web-push` makes the request, `fetch` sends
 * it. Says what happened; decides nothing about trying again.
 */
import webpush from 'web-push'
import type { Deployment } from '../env.ts'
import { isPushEndpoint } from './hosts.ts'

/** A push service that takes longer is as good as down: the person is waiting. */
const timeoutMs = 5000

export type Message = {
  subscription: { endpoint: string; p256dh: string; auth: string }
  payload: string
  ttlSeconds: number
  /** At most 32 base64url characters: a newer message with the same topic replaces an undelivered one. */
  topic: string
}

export type Delivered = {
  /** `gone`: the subscription is no more. `retry`: later, perhaps. `refused`: never, as it is. */
  outcome: 'delivered' | 'gone' | 'retry' | 'too_large' | 'refused' | 'host_not_allowed'
  status: number | null
  retryAfterSeconds: number | null
  host: string
  tookMs: number
}

export async function deliver(
  message: Message,
  { vapid, pushHosts }: Pick<Deployment, 'vapid' | 'pushHosts'>,
  nowMs: () => number,
): Promise<Delivered> {
  const { endpoint, p256dh, auth } = message.subscription
  const host = URL.canParse(endpoint) ? new URL(endpoint).host : ''
  const startedAtMs = nowMs()
  const done = (
    outcome: Delivered['outcome'],
    status: number | null,
    retryAfterSeconds: number | null = null,
  ) => ({
    outcome,
    status,
    retryAfterSeconds,
    host,
    tookMs: nowMs() - startedAtMs,
  })
  if (!isPushEndpoint(endpoint, pushHosts)) return done('host_not_allowed', null)
  let response: Response
  // Not AbortSignal.timeout: its clock would keep the object awake after the answer has come.
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), timeoutMs)
  try {
    const request = webpush.generateRequestDetails(
      { endpoint, keys: { p256dh, auth } },
      message.payload,
      {
        vapidDetails: {
          subject: vapid.subject,
          publicKey: vapid.publicKey,
          privateKey: vapid.privateKey,
        },
        TTL: message.ttlSeconds,
        urgency: 'high',
        topic: message.topic,
        contentEncoding: 'aes128gcm',
      },
    )
    const { 'Content-Length': _, ...headers } = request.headers as Record<string, string>
    response = await fetch(request.endpoint, {
      method: 'POST',
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, String(value)]),
      ),
      body: request.body,
      // A redirect would lead past the allow-list.
      redirect: 'manual',
      signal: patience.signal,
    })
  } catch {
    return done('retry', null)
  } finally {
    clearTimeout(timer)
  }
  await response.body?.cancel()
  const { status } = response
  if (status >= 200 && status < 300) return done('delivered', status)
  if (status === 404 || status === 410) return done('gone', status)
  if (status === 413) return done('too_large', status)
  if (status === 429 || status >= 500)
    return done('retry', status, retryAfter(response.headers.get('Retry-After'), nowMs()))
  return done('refused', status)
}

/** RFC 9110 §10.2.3: seconds or a date. */
function retryAfter(header: string | null, nowMs: number): number | null {
  if (!header) return null
  if (/^\d+$/.test(header)) return Number(header)
  const atMs = Date.parse(header)
  return Number.isNaN(atMs) ? null : Math.max(0, Math.ceil((atMs - nowMs) / 1000))
}
