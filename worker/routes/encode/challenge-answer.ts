/** How a challenge, or the refusal to make one, looks to privacyIDEA's clients. */
import type { Asked } from '../../challenge/trigger.ts'
import type { Checked } from '../../challenge/check.ts'
import type { Shown } from '../../challenge/desk/otp.ts'
import type { TooLongAgo, TooOften } from '../../challenge/desk/terms.ts'
import { shownMoment, shownSpan } from '../../policy/span.ts'
import type { EnrolledByLogin } from '../../enrolment/by-login.ts'
import { refuse } from '../../problem.ts'
import type { Result } from './envelope.ts'
import { qrCode } from './otp-enrolment.ts'

const question = 'Please confirm the authentication on your mobile device!'

const shownQuestion = 'Please enter the code displayed on your smartphone.'

const otpQuestion = 'please enter otp: '

/** One entry for each device and each token whose code may be typed; the last one is repeated at the top, because plugins read it there. */
export function challengeResult(
  asked: Extract<Asked, { ok: true }>,
  value: boolean | number,
): Result {
  const { transactionId } = asked
  const challenges = asked.challenges.map((challenge) => ({
    ...howAsked(asked, challenge),
    image: '',
    link: '',
    serial: challenge.serial,
    transaction_id: transactionId,
    type: challenge.type,
  }))
  const messages = challenges.map(({ message }) => message)
  // What a device shows is for when it cannot be reached: plugins that know one way at a time must not begin with it.
  const isSpare = (at: number): boolean => asked.challenges[at]?.spare === true
  const inOrder = [
    ...messages.filter((_, at) => !isSpare(at)),
    ...messages.filter((_, at) => isSpare(at)),
  ]
  const first = challenges.filter((_, at) => !isSpare(at))
  const modes = (first.length > 0 ? first : challenges).map(({ client_mode: mode }) => mode)
  const byDevice = challenges.some(({ type }) => type === 'push')
  return {
    value,
    authentication: 'CHALLENGE',
    detail: {
      ...challenges.at(-1),
      message: asked.framed(inOrder),
      messages,
      multi_challenge: challenges,
      transaction_ids: challenges.map(() => transactionId),
      preferred_client_mode: asked.preferred(modes),
      ...(byDevice && { notified: asked.notified, sent_to: asked.sentTo }),
      ...(asked.quietUntilAt !== undefined && { quiet_until_at: asked.quietUntilAt }),
      expires_at: asked.answerableUntilAt,
    },
  }
}

type Made = Extract<Asked, { ok: true }>

/** What is to be done for this one challenge. The code is in the text too, so that a client that only prints `message` works. */
function howAsked({ said, code, pressed }: Made, asked: Made['challenges'][number]) {
  const { type, match } = asked
  if (type !== 'push')
    return { client_mode: 'interactive', message: said(asked, null) ?? otpQuestion }
  if (match === 'shown')
    return {
      attributes: { hideResponseInput: false },
      client_mode: 'interactive',
      message: said(asked, null) ?? shownQuestion,
    }
  const answer = match === 'code' ? code : match === 'pick' ? pressed : null
  // A text that has no place for it gets it at the end: else nobody would know which to press.
  const hasPlace = said(asked, null)?.includes('{presence_answer}') === true
  const end = match === 'pick' && !hasPlace ? ` Please press: ${answer}` : ''
  const usual = match === 'code' ? `${question} Type this code there: ${answer}` : question
  return {
    attributes: { hideResponseInput: true },
    client_mode: 'poll',
    message: (said(asked, answer) ?? usual) + end,
    ...(answer && { presence_answer: answer }),
  }
}

/** A login that enrols: the QR code in place of a question. As privacyIDEA tells of it, without a preferred mode. */
export function enrolmentChallenge({
  transactionId,
  serial,
  type,
  link,
  text,
  optional,
}: EnrolledByLogin): Result {
  const message = text ?? (type === 'push' ? scan : scanAndType)
  const challenge = {
    client_mode: type === 'push' ? 'poll' : 'interactive',
    image: qrCode(link),
    link,
    message,
    serial,
    transaction_id: transactionId,
    type,
  }
  return {
    value: false,
    authentication: 'CHALLENGE',
    detail: {
      ...challenge,
      enroll_via_multichallenge: true,
      enroll_via_multichallenge_optional: optional,
      messages: [message],
      multi_challenge: [challenge],
      transaction_ids: [transactionId],
    },
  }
}

const scan = 'Please scan the QR code!'
const scanAndType = 'Please scan the QR code and enter the OTP value!'

/** It was put off, or may not be; the login goes on in the first case and is refused in the other. */
export const putOffResult = (done: boolean): Result => ({
  value: done,
  authentication: done ? 'ACCEPT' : 'REJECT',
  detail: {
    message: `${done ? 'Cancelled' : 'Failed to cancel'} enrollment via multichallenge`,
  },
})

/** Where one token matched, the answer says which. */
export const acceptedCheck = (tokens: Shown[]): Result => ({
  value: true,
  authentication: 'ACCEPT',
  detail: { message: `matching ${tokens.length} tokens`, ...only(tokens) },
})

const only = ([one, ...more]: Shown[]): Record<string, unknown> =>
  one && more.length === 0 ? { otplen: one.otpLength, serial: one.serial, type: one.type } : {}

/** A login that is right, or was not looked at, and is refused all the same. */
export const unmetTerms = (unmet: TooOften | TooLongAgo): string =>
  unmet.reason === 'too_long_ago'
    ? `The last successful authentication was ${shownMoment(unmet.lastAuthAt)}. It is to long ago.`
    : `Only ${unmet.limit.count} ${unmet.what === 'fail' ? 'failed' : 'successful'} authentications per ${shownSpan(unmet.limit.seconds)} allowed.`

/** Somebody without a token was let in. */
export const admittedCheck = (message: string): Result => ({
  value: true,
  authentication: 'ACCEPT',
  detail: { message },
})

/** What a check says when no challenge came of it. */
export function refusedCheck(checked: Extract<Checked, { ok: false }>, now: number): Result {
  switch (checked.reason) {
    case 'no_tokens':
      return rejected('The user has no tokens assigned')
    case 'no_suitable_token':
      return rejected('No suitable token found for authentication.')
    case 'used_up':
      return rejected('Authentication counter exceeded')
    case 'outside_validity':
      return rejected('Outside validity period')
    case 'locked':
      return rejected('Failcounter exceeded')
    case 'revoked':
      return refuse({ reason: 'token_revoked' })
    case 'wrong_pin':
      return rejected('wrong otp pin')
    case 'wrong_otp':
      return {
        ...rejected(''),
        detail: {
          message: `wrong otp value${checked.usedBefore ? '. previous otp used again' : ''}`,
          ...only(checked.tokens),
        },
      }
    case 'wrong_otp_alone':
      return rejected('OTP verification failed.')
    case 'too_many_tries':
      return rejected(
        `Too many wrong tries. Try again in ${Math.max(1, checked.againAt - now)} seconds.`,
      )
    case 'too_often':
    case 'too_long_ago':
      return rejected(unmetTerms(checked))
    case 'idempotency_conflict':
      return refuse({ reason: 'idempotency_conflict' })
  }
}

export const rejected = (message: string): Result => ({
  value: false,
  authentication: 'REJECT',
  detail: { message },
})
