/** What a person reads of a token of theirs, at /me. */
import { recoveryCodes } from '../../factor/otp.ts'
import type { PushHealth } from '../../store/own-devices.ts'
import type { TokenRow } from '../../store/tokens/row.ts'

/** @param own all of theirs: the codes that a device shows are told with the device. */
export function ownDevices(own: TokenRow[], health: Map<string, PushHealth>, now: number) {
  return own
    .filter(({ device }) => device === null)
    .map((token) => {
      const push = health.get(token.serial)
      return {
        serial: token.serial,
        type: token.type,
        name: token.description || token.deviceName,
        state: stateOf(token, now),
        added_at: token.enrolledAt ?? token.createdAt,
        used_at: token.lastAuthAt,
        expires_at: token.validUntil,
        held_until: token.heldUntil !== null && token.heldUntil > now ? token.heldUntil : null,
        shows_codes: own.some(({ device }) => device === token.serial),
        ...(push && {
          push: { subscribed: push.isSubscribed, outcome: push.outcome, at: push.at },
        }),
        ...(token.type === 'recovery' && { left: leftOf(token) }),
      }
    })
}

/** `waiting`: its device has not finished. `off`: lost, disabled or over. */
function stateOf(token: TokenRow, now: number): 'ready' | 'waiting' | 'off' {
  if (token.rolloutState === 'clientwait') return 'waiting'
  const isOver = token.validUntil !== null && token.validUntil <= now
  return token.active && !token.revoked && !isOver ? 'ready' : 'off'
}

/** The counter holds a bit for each that is spent. */
const leftOf = ({ counter }: TokenRow): number =>
  Array.from({ length: recoveryCodes }).filter((_, index) => ((counter >> index) & 1) === 0).length
