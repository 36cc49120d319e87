/**
 * Sends one push message: RFC 8030, encrypted by RFC 8291 (`web-push`), signed by RFC 8292. Says what happened; decides nothing
 * about trying again.
 */
import { encrypt } from 'web-push/src/encryption-helper.js'
import type { Deployment } from '../env.ts'
import { isPushEndpoint } from './hosts.ts'
import { post } from './post.ts'
import { vapidHeader } from './vapid.ts'

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
  const body = encrypted(message)
  if (!body) return done('refused', null)
  const headers = {
    Authorization: await vapidHeader(endpoint, vapid, Math.floor(nowMs() / 1000)),
    'Content-Encoding': 'aes128gcm',
    'Content-Type': 'application/octet-stream',
    TTL: String(message.ttlSeconds),
    Topic: message.topic,
    Urgency: 'high',
  }
  const posted = await post(endpoint, { headers, body, nowMs })
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
function encrypted({ subscription: { p256dh, auth }, payload }: Message) {
  try {
    return encrypt(p256dh, auth, payload, 'aes128gcm').cipherText
  } catch {
    return null
  }
}
