/** Asks the person's own devices, by the ordinary challenge, and keeps what the page has to show. The code itself is not kept: it follows from the challenge's id. */
import { rulesFor } from '../challenge/rules.ts'
import { triggerChallenge } from '../challenge/trigger.ts'
import type { Origin } from '../../schema/signing.ts'
import type { Known } from '../grant/known.ts'
import { type Subject, ownerOf } from './subject.ts'

export type Question = {
  transactionId: string
  /** null: none is shown here, or none is asked for. */
  challenge: string | null
  /** What is pressed on a stock phone. */
  pressed: string | null
  hasDevice: boolean
  /** A code may be typed here: a one-time password, or one that a phone shows. */
  takesCode: boolean
  sentTo: string[]
  notified: boolean
  quietUntilAt?: number
  answerableUntilAt: number
}
export type NotAsked = { refused: string }

export type Asking = {
  origin: Origin
  client: string | null
  agent: string
  message?: string | undefined
  /** They, or the application for them, have shown a first factor. */
  firstFactor: boolean
  answerSeconds?: number
  /** Recovery codes too: somebody sits at a page where one can be typed. */
  mayType: boolean
}

/** @throws Refusal policy_conflict */
export async function ask(
  known: Known,
  subject: Subject,
  { agent, message, answerSeconds, mayType, ...asking }: Asking,
): Promise<Question | NotAsked> {
  const { context, application, registration } = known
  const owner = ownerOf(known, subject)
  const { client } = asking
  const about = { ...owner.about, ...(client !== null && { client }) }
  const rules = await rulesFor(context, registration.customer, about)
  const all = mayType ? ['push', 'totp', 'hotp', 'recovery'] : ['push']
  const types = all.filter((type) => !rules.tokenTypes || rules.tokenTypes.includes(type))
  const asked = await triggerChallenge(context, owner, {
    application: { id: application.id, name: application.name },
    saying: { agent, challenge: '' },
    types,
    withoutCode: !registration.showsCode,
    ...(message !== undefined && { message }),
    ...(answerSeconds !== undefined && { answerSeconds }),
    ...asking,
  })
  if (!asked.ok) return { refused: asked.reason }
  return {
    transactionId: asked.transactionId,
    challenge: asked.match === 'code' ? asked.challenge : null,
    pressed: asked.pressed,
    hasDevice: asked.challenges.some(({ type }) => type === 'push'),
    takesCode: asked.challenges.some(({ type, match }) => type !== 'push' || match === 'shown'),
    sentTo: asked.sentTo,
    notified: asked.notified,
    ...(asked.quietUntilAt !== undefined && { quietUntilAt: asked.quietUntilAt }),
    answerableUntilAt: asked.answerableUntilAt,
  }
}
