/** The address that a request came from, told no better than the network tells it. */
import type { Call } from '../surface.ts'

/** @returns the address of whoever reached us, or null where the runtime does not tell. */
export function peerAddress(call: Call): string | null {
  const { deployment } = call.var.context
  // Only Cloudflare sets `cf`; anywhere else its header is the client's own invention.
  const onCloudflare = 'cf' in call.req.raw && Boolean(call.req.raw.cf) && !deployment.loopback
  const peer = onCloudflare
    ? (call.req.header('CF-Connecting-IP') ?? null)
    : deployment.loopback
      ? '127.0.0.1'
      : null
  if (peer === null || !deployment.trustedProxies.includes(peer)) return onCloudflare ? peer : null
  const forwarded = call.req.header('X-Forwarded-For')?.split(',').at(-1)?.trim()
  return forwarded && isAddress(forwarded) ? forwarded : peer
}

export const isAddress = (text: string): boolean =>
  text.length <= 45 && /^[0-9a-fA-F:.]+$/.test(text) && /[.:]/.test(text)
