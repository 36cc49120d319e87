/** A push subscription whose messages a test reads: sent by the worker over the network, opened by an independent reader. */
import * as v from 'valibot'
import { fromBase64url, toBase64url } from '../../schema/encoding.ts'
import { PushPayload } from '../../schema/push.ts'
import { type VirtualSubscription, makeSubscription } from '../support/virtual-subscription.ts'
import { until } from '../support/until.ts'

export type Reply = { status: number; headers?: Record<string, string>; delayMs?: number }
export type Received = { method: string; headers: Record<string, string>; body: Uint8Array }

export type PushBox = {
  subscription: VirtualSubscription['subscription']
  /** Everything that arrived, oldest first. */
  received(): Promise<Received[]>
  /** As many as expected, waited for. */
  messages(count: number): Promise<Received[]>
  payloads(count: number): Promise<PushPayload[]>
  /** What the push service says to the next messages; 201 after that. */
  answerNext(...replies: Reply[]): Promise<void>
}

const Letters = v.array(
  v.object({ method: v.string(), headers: v.record(v.string(), v.string()), body: v.string() }),
)

/** Whatever was sent to this address. */
export async function receivedAt(address: string): Promise<Received[]> {
  const response = await fetch(control(address))
  return v.parse(Letters, await response.json()).map(({ body, ...letter }) => ({
    ...letter,
    body: fromBase64url(body) ?? new Uint8Array(),
  }))
}

/** What is answered there to the next messages; 201 after that. */
export async function answerNextAt(address: string, ...replies: Reply[]): Promise<void> {
  await fetch(control(address), { method: 'PUT', body: JSON.stringify(replies) })
}

const control = (address: string): string =>
  `https://boxes.test/?address=${encodeURIComponent(new URL(address).href)}`

export async function pushBox(host = 'updates.push.services.mozilla.com'): Promise<PushBox> {
  const path = toBase64url(crypto.getRandomValues(new Uint8Array(12)))
  const { subscription, decrypt } = await makeSubscription(`https://${host}/wpush/v2/${path}`)
  const { endpoint } = subscription
  const messages = (count: number) =>
    until(`${count} pushes at ${endpoint}`, async () => {
      const received = await receivedAt(endpoint)
      return received.length >= count && received
    })
  return {
    subscription,
    received: () => receivedAt(endpoint),
    messages,
    async payloads(count) {
      const texts = await Promise.all((await messages(count)).map(({ body }) => decrypt(body)))
      return texts.map((text) => v.parse(PushPayload, JSON.parse(text)))
    },
    answerNext: (...replies) => answerNextAt(endpoint, ...replies),
  }
}
