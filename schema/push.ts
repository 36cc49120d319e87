/**
 * What a push message holds: declarative Web Push (`web_push: 8030`) with a text that says nothing, and beside it the
 * signed challenge, which the service worker verifies before it shows a word of it.
 */
import * as v from 'valibot'

export const PushPayload = v.object({
  web_push: v.literal(8030),
  mutable: v.literal(true),
  notification: v.object({
    title: v.string(),
    body: v.string(),
    navigate: v.string(),
    tag: v.string(),
  }),
  countersign: v.union([
    /** A challenge JWS for `device`. */
    v.object({ device: v.string(), challenge: v.string(), jws: v.string() }),
    /** An ended JWS: the notification says how it ended and goes. */
    v.object({ device: v.string(), challenge: v.string(), ended: v.string() }),
    /** A newcomer JWS: a device was added. */
    v.object({ device: v.string(), newcomer: v.string() }),
    /** A trial JWS: nothing is asked, and the device says that it has come. */
    v.object({ device: v.string(), trial: v.string() }),
    /** Too long to travel: ask GET /device/challenges/<challenge>. Last, because the others have all that it has. */
    v.object({ device: v.string(), challenge: v.string() }),
  ]),
})
export type PushPayload = v.InferOutput<typeof PushPayload>
