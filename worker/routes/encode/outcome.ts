/** How a transaction went, for those who poll and those who redeem. */
import type { Redemption } from '../../challenge/desk/redeem.ts'
import type { Status } from '../../challenge/desk/look.ts'
import type { State } from '../../../schema/states.ts'
import { type Result, type Authentication } from './envelope.ts'
import { rejected, unmetTerms } from './challenge-answer.ts'

export type WireStatus = 'pending' | 'accept' | 'declined' | 'cancelled' | 'expired'

/** Every state as our own clients hear it. A redeemed one is over: nobody need know more. */
export const wireStatus: Record<State, WireStatus> = {
  pending: 'pending',
  approved: 'accept',
  redeemed: 'expired',
  declined: 'declined',
  cancelled: 'cancelled',
  expired: 'expired',
}

/** privacyIDEA's words are fewer: what is over is `pending` for ever, and only who asks hears of `cancelled`. */
export function pollResult(status: Status | null, knowsCancelled: boolean): Result {
  const word = status ? wireStatus[status.state] : 'pending'
  const told =
    word === 'expired' ? 'pending' : word === 'cancelled' && !knowsCancelled ? 'declined' : word
  return {
    value: told === 'accept',
    authentication: authenticationOf(told),
    detail: { challenge_status: told },
  }
}

const authenticationOf = (word: WireStatus): Authentication =>
  word === 'accept' ? 'ACCEPT' : word === 'declined' || word === 'cancelled' ? 'DECLINED' : 'REJECT'

export function redeemResult(redemption: Redemption): Result {
  if (redemption.ok)
    return {
      value: true,
      authentication: 'ACCEPT',
      detail: {
        message: 'Found matching challenge',
        serial: redemption.serial,
        type: redemption.type,
        ...(redemption.receipt !== '' && { receipt: redemption.receipt }),
      },
    }
  const { challenged, state } = redemption
  if (redemption.reason === 'locked') return rejected('Failcounter exceeded')
  if (redemption.reason === 'too_often' || redemption.reason === 'too_long_ago')
    return rejected(unmetTerms(redemption))
  const last = challenged.at(-1)
  const about = {
    type: last?.type ?? 'push',
    ...(last && challenged.length === 1 && { serial: last.serial }),
  }
  switch (state) {
    case 'pending':
      return {
        ...rejected(''),
        detail: {
          message:
            challenged.length > 1
              ? `Response did not match for ${challenged.length} tokens.`
              : 'Response did not match the challenge.',
          ...about,
        },
      }
    case 'declined':
    case 'cancelled':
      return {
        value: false,
        authentication: 'DECLINED',
        detail: { message: 'The request was declined.', ...about },
      }
    default:
      return rejected('wrong otp pin')
  }
}

/** What a check that waited for the device says, as if the device had typed for the person. */
export function blockedResult(redemption: Redemption): Result {
  if (!redemption.ok) {
    const isTold =
      redemption.state === 'declined' ||
      redemption.state === 'cancelled' ||
      redemption.reason === 'too_often' ||
      redemption.reason === 'too_long_ago'
    return isTold ? redeemResult(redemption) : rejected('wrong otp value')
  }
  const { serial, type, receipt } = redemption
  return {
    value: true,
    authentication: 'ACCEPT',
    detail: { message: 'matching 1 tokens', otplen: 6, serial, type, receipt },
  }
}
