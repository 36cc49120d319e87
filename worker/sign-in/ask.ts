/** Asks the person's own devices, by the ordinary challenge, and keeps what the page has to show. The code itself is not kept: it follows from the challenge's id. */
import { rulesFor } from '../challenge/rules.ts'
import { checkPass } from '../challenge/check.ts'
import type { Ping } from '../challenge/desk/transaction.ts'
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
  /** RFC 8176: what was shown before. */
  amr: string[]
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
  /** One-time passwords and recovery codes too: somebody sits at a page where one can be typed. */
  mayType: boolean
  /** What the person alone knows: nobody is asked where it is wrong. */
  pass?: string
  /** Whom to tell when it was answered. */
  ping?: Ping
}

/** @throws Refusal policy_conflict */
export async function ask(
  known: Known,
  subject: Subject,
  { agent, message, mayType, pass, ...asking }: Asking,
): Promise<Question | NotAsked> {
  const { context, application, registration } = known
  const owner = ownerOf(known, subject)
  const { client } = asking
  const about = { ...owner.about, ...(client !== null && { client }) }
  const rules = await rulesFor(context, registration.customer, about)
  const all = mayType ? ['push', 'totp', 'hotp', 'recovery'] : ['push']
  const types = all.filter((type) => !rules.tokenTypes || rules.tokenTypes.includes(type))
  const how = {
    application: { id: application.id, name: application.name },
    saying: { agent, challenge: '' },
    types,
    withoutCode: !registration.showsCode,
    ...(message !== undefined && { message }),
    ...asking,
  }
  const asked =
    pass === undefined
      ? await triggerChallenge(context, owner, how)
      : await checkPass(context, owner, { ...how, pass, rules, isHidden: false })
  if (!asked.ok) return { refused: isWrong(asked.reason) ? 'wrong_pin' : asked.reason }
  // A one-time password came with it: that is no answer of a device.
  if (!('transactionId' in asked)) return { refused: 'wrong_pin' }
  const knew = rules.firstFactor === 'userstore' ? 'pwd' : 'pin'
  return {
    amr: pass === undefined ? subject.amr : [knew],
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

const isWrong = (reason: string): boolean => /^(wrong_|too_many_tries)/.test(reason)
