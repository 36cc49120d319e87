/** How a challenge, or the refusal to make one, looks to privacyIDEA's clients. */
import type { Asked } from '../../challenge/trigger.ts'
import type { Checked } from '../../challenge/check.ts'
import { refuse } from '../../problem.ts'
import type { Result } from './envelope.ts'

const question = 'Please confirm the authentication on your mobile device!'

/** The code is in the text too, so that a client that only prints `message` works. */
const messageOf = (code: string | null): string =>
  code ? `${question} Type this code there: ${code}` : question

/** One entry for each device; the last one is repeated at the top, because plugins read it there. */
export function challengeResult(
  asked: Extract<Asked, { ok: true }>,
  value: boolean | number,
): Result {
  const message = messageOf(asked.code)
  const { transactionId } = asked
  const challenges = asked.serials.map((serial) => ({
    attributes: { hideResponseInput: true },
    client_mode: 'poll',
    image: '',
    link: '',
    message,
    ...(asked.code && { presence_answer: asked.code }),
    serial,
    transaction_id: transactionId,
    type: 'push',
  }))
  return {
    value,
    authentication: 'CHALLENGE',
    detail: {
      ...challenges.at(-1),
      messages: [message],
      multi_challenge: challenges,
      transaction_ids: challenges.map(() => transactionId),
      preferred_client_mode: 'poll',
      notified: asked.notified,
      sent_to: asked.sentTo,
      ...(asked.quietUntilAt !== undefined && { quiet_until_at: asked.quietUntilAt }),
      expires_at: asked.answerableUntilAt,
    },
  }
}

/** What a check says when no challenge came of it. */
export function refusedCheck(
  checked: Extract<Checked, { ok: false }>,
  bySerial: boolean,
  now: number,
): Result {
  switch (checked.reason) {
    case 'no_tokens':
      return rejected('The user has no tokens assigned')
    case 'no_suitable_token':
      return rejected('No suitable token found for authentication.')
    case 'locked':
      return rejected('Failcounter exceeded')
    case 'revoked':
      return bySerial
        ? refuse({ reason: 'token_revoked' })
        : rejected('No suitable token found for authentication.')
    case 'wrong_pin':
      return rejected('wrong otp pin')
    case 'too_many_tries':
      return rejected(
        `Too many wrong tries. Try again in ${Math.max(1, (checked.againAt ?? now) - now)} seconds.`,
      )
    case 'idempotency_conflict':
      return refuse({ reason: 'idempotency_conflict' })
  }
}

export const rejected = (message: string): Result => ({
  value: false,
  authentication: 'REJECT',
  detail: { message },
})
