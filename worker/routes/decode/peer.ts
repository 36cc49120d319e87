/** The address that a request came from, told no better than the network tells it. */
import type { Call } from '../surface.ts'

/** @returns the address of whoever reached us, or null where the runtime does not tell. */
export function peerAddress(call: Call): string | null {
  const { listener, trustedProxies } = call.get('context').deployment
  // Anywhere but at the edge this header, like `cf` itself, is the client's own invention.
  const edgePeer = listener === 'edge' ? (call.req.header('CF-Connecting-IP') ?? null) : null
  const peer = listener === 'loopback' ? '127.0.0.1' : edgePeer
  if (peer === null || !trustedProxies.includes(peer)) return edgePeer
  const forwarded = call.req.header('X-Forwarded-For')?.split(',').at(-1)?.trim()
  return forwarded && isAddress(forwarded) ? forwarded : peer
}

export const isAddress = (text: string): boolean =>
  text.length <= 45 && /^[0-9a-fA-F:.]+$/.test(text) && /[.:]/.test(text)
