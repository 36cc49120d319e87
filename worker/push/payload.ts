/** What a push carries: words that say nothing, and the signed challenge. Never the code, nor anything made from it. */
import type { PushPayload } from '../../schema/push.ts'
import { pushPayloadLimitBytes } from '../../schema/limits.ts'
import { utf8 } from '../../schema/encoding.ts'

export type Carried =
  | { device: string; challenge: string; jws: string }
  | { device: string; challenge: string }
  | { device: string; challenge: string; ended: string }
  | { device: string; newcomer: string }
  | { device: string; trial: string }

/** Over 3,000 bytes, or where the push service found it too large, only the id travels. */
export function pushPayload(
  carried: Carried,
  origin: string,
  issuer: string,
  idOnly = false,
): string {
  const payload = (countersign: Carried): string =>
    JSON.stringify({
      web_push: 8030,
      mutable: true,
      notification: {
        title: issuer,
        body: bodyOf(countersign),
        navigate: `${origin}/app`,
        tag: `countersign/${countersign.device}`,
      },
      countersign,
    } satisfies PushPayload)
  const whole = payload(carried)
  if (!('challenge' in carried)) return whole
  if (!idOnly && utf8(whole).length <= pushPayloadLimitBytes) return whole
  return payload({ device: carried.device, challenge: carried.challenge })
}

/** What a browser shows that cannot wait for our service worker. */
function bodyOf(carried: Carried): string {
  if ('newcomer' in carried) return 'A device was added'
  if ('trial' in carried) return 'Only a try: there is nothing to do'
  return 'ended' in carried ? 'A login request has ended' : 'A login is waiting'
}

/**
 * What a stock app reads of a challenge, as it would by asking. Over 3,000 bytes the person is only told to look: the app asks then,
 * and could show no half of it.
 */
export function fcmMessage(
  challenge: { title: string; question: string },
  issuer: string,
): { data: Record<string, string>; title: string; body: string } {
  const { title, question: body } = challenge
  const whole = { data: { ...challenge } as Record<string, string>, title, body }
  if (utf8(JSON.stringify(whole)).length <= pushPayloadLimitBytes) return whole
  return { data: {}, title: issuer, body: 'A login is waiting' }
}
