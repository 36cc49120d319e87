/**
 * Sends one push message: RFC 8030, encrypted by RFC 8291, signed by RFC 8292. `web-push` makes the request, `fetch` sends
 * it. Says what happened; decides nothing about trying again.
 */
import webpush from 'web-push'
import type { Deployment } from '../env.ts'
import { isPushEndpoint } from './hosts.ts'
import { post } from './post.ts'

export type Message = {
  subscription: { endpoint: string; p256dh: string; auth: string }
  payload: string
  ttlSeconds: number
  /** At most 32 base64url characters: a newer message with the same topic replaces an undelivered one. */
  topic: string
}

export type Delivered = {
  /** `gone`: the subscription is no more. `retry`: later, perhaps. `refused`: never, as it is. `not_configured`: the gateway is no more. */
  outcome:
    | 'delivered'
    | 'gone'
    | 'retry'
    | 'too_large'
    | 'refused'
    | 'host_not_allowed'
    | 'not_configured'
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
  const { endpoint } = message.subscription
  const done = outcomes(endpoint, nowMs)
  if (!isPushEndpoint(endpoint, pushHosts)) return done('host_not_allowed', null)
  const request = requestOf(message, vapid)
  if (!request) return done('refused', null)
  const posted = await post(endpoint, { ...request, nowMs })
  if (!posted) return done('retry', null)
  const { status, retryAfterSeconds } = posted
  if (status >= 200 && status < 300) return done('delivered', status)
  if (status === 404 || status === 410) return done('gone', status)
  if (status === 413) return done('too_large', status)
  if (status === 429 || status >= 500) return done('retry', status, retryAfterSeconds)
  return done('refused', status)
}

/** How an attempt at this address went, with the time that it took from now on. */
export function outcomes(address: string, nowMs: () => number) {
  const host = URL.canParse(address) ? new URL(address).host : ''
  const startedAtMs = nowMs()
  return (
    outcome: Delivered['outcome'],
    status: number | null,
    retryAfterSeconds: number | null = null,
  ): Delivered => ({ outcome, status, retryAfterSeconds, host, tookMs: nowMs() - startedAtMs })
}

/** @returns null for keys that nothing can be encrypted for. */
function requestOf(
  { subscription, payload, ttlSeconds, topic }: Message,
  { subject, publicKey, privateKey }: Deployment['vapid'],
) {
  const { endpoint, p256dh, auth } = subscription
  try {
    const { headers, body } = webpush.generateRequestDetails(
      { endpoint, keys: { p256dh, auth } },
      payload,
      {
        vapidDetails: { subject, publicKey, privateKey },
        TTL: ttlSeconds,
        urgency: 'high',
        topic,
        contentEncoding: 'aes128gcm',
      },
    )
    const { 'Content-Length': _, ...given } = headers as Record<string, string>
    return {
      headers: Object.fromEntries(
        Object.entries(given).map(([name, value]) => [name, String(value)]),
      ),
      body,
    }
  } catch {
    return null
  }
}
