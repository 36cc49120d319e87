/** How a device is reached when its app is closed. */
import { ownApp, pollOnly } from '../../policy/push-ways.ts'
import type { TokenCopy } from './desk.ts'

export type WebRoad = { by: 'web'; subscription: NonNullable<TokenCopy['subscription']> }
/** `gateway`: whose messages the app listens to, as the policy said when it was enrolled. */
export type FcmRoad = { by: 'fcm'; fbtoken: string; gateway: string }
export type Road = WebRoad | FcmRoad

/** @returns null for a device that has to ask. */
export function roadTo(token: TokenCopy | undefined): Road | null {
  if (token?.subscription) return { by: 'web', subscription: token.subscription }
  const gateway = token?.pushConfiguration
  if (!token?.phone || token.phone.fbtoken === '') return null
  if (!gateway || gateway === ownApp || gateway === pollOnly) return null
  return { by: 'fcm', fbtoken: token.phone.fbtoken, gateway }
}
