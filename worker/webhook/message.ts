/** A message to an application, as it is signed and sent. Its id is the event's own, so that telling it twice is telling it once. */
import type { WebhookType } from '../../schema/webhooks.ts'

export type Message = {
  id: string
  type: WebhookType
  /** Epoch seconds: when it happened. */
  at: number
  data: Record<string, unknown>
}

/** The body, whose very bytes are signed. */
export const bodyOf = ({ type, at, data }: Omit<Message, 'id'>): string =>
  JSON.stringify({ type, timestamp: new Date(at * 1000).toISOString(), data })
