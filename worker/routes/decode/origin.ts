/**
 * Where a request comes from, told no better than we know it: the person's own browser only where the application says that
 * its requests are that, an address only where the network gives it, a place only where Cloudflare does.
 */
import { agentOf } from '../../../schema/agent.ts'
import type { Origin } from '../../../schema/signing.ts'
import type { Caller } from './caller.ts'
import { isAddress, peerAddress } from './peer.ts'
import type { Call } from '../surface.ts'

export type Whence = { origin: Origin; client: string | null }

export function whenceOf(call: Call, caller: Caller, claimed: string): Whence {
  if (caller.rights.has('origin_browser')) return whenceOfBrowser(call)
  const address = peerAddress(call)
  if (caller.rights.has('origin_claimed') && isAddress(claimed))
    return { origin: { how: 'claimed', address: claimed }, client: claimed }
  return { origin: { how: 'server', ...(address && { address }) }, client: address }
}

/** The person's own browser has reached us itself. */
export function whenceOfBrowser(call: Call): Whence {
  const address = peerAddress(call)
  const agent = agentOf(call.req.header('User-Agent') ?? '')
  const place = placeOf(call)
  return {
    origin: {
      how: 'browser',
      ...(address && { address }),
      ...(place && { place }),
      ...(agent && { agent }),
    },
    client: address,
  }
}

function placeOf(call: Call): string | null {
  const { listener, trustedProxies } = call.get('context').deployment
  const cf = call.req.raw.cf as { city?: string; country?: string } | null | undefined
  if (!cf || listener !== 'edge' || trustedProxies.length > 0) return null
  return [cf.city, cf.country].filter(Boolean).join(', ') || null
}
