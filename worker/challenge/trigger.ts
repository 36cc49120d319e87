/** Asks the owner's object for a challenge. The ids are made here, so that the code is known without another call. */
import { sealId } from '../crypto/sealed-id.ts'
import { sha256 } from '../../schema/encoding.ts'
import type { Origin } from '../../schema/signing.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { findApplication } from '../store/accounts.ts'
import { readSettings } from '../store/settings.ts'
import { codeFor } from './code.ts'
import type { Ping } from './desk/transaction.ts'
import type { NotTriggered, Triggered } from './desk/asked.ts'
import { askedOf } from './desk/settings.ts'
import { phoneTermsFor } from './phone-terms.ts'
import { type PhoneTerms, presenceOf } from './presence.ts'
import { reach } from './reach.ts'
import type { Settings } from '../policy/settings.ts'
import type { Whose } from './whose.ts'
import { type Words, wordsFor } from './words.ts'

export type Asking = {
  application: { id: string; name: string }
  origin: Origin
  client: string | null
  /** For the tags of texts: the User-Agent, and what the request says of the transaction. */
  saying?: { agent: string; challenge: string }
  firstFactor: boolean
  /** Only tokens of these types; all where absent. */
  types?: string[]
  /** From the Idempotency-Key header, with the request that it stands for. */
  idempotency?: { key: string; request: string }
  /** The caller waits for the answer in this same request, if a policy lets it: it cannot show a code then. */
  mayBlock?: boolean
  /** What the application has the device show, below what policies say: it is in what is signed. */
  message?: string
  /** No code is shown at this login, so none is asked for. */
  withoutCode?: boolean
  /** Whom to tell when it was answered, or will not be. */
  ping?: Ping
  /** How long there is to answer, at most. */
  answerSeconds?: number
  /** Asked by ourselves: what the device says, and settings that no policy changes. */
  own?: { title?: string; text: string; settings: Settings }
  newDevice?: { thumbprint: string; name: string }
}

export type Asked =
  | (Triggered & {
      /** null where no device asks for it. */
      code: string | null
      /** What is pressed on stock phones; null where none asks for it. */
      pressed: string | null
      said: Words['said']
      framed: Words['framed']
      preferred: Words['preferred']
      /** How long the caller is to be kept waiting; 0 where it is not. */
      waitSeconds: number
    })
  | NotTriggered

export async function triggerChallenge(
  context: Context,
  whose: Whose,
  {
    idempotency,
    mayBlock = false,
    withoutCode = false,
    message,
    answerSeconds,
    saying,
    own,
    ...asking
  }: Asking,
): Promise<Asked> {
  const { master } = context.deployment
  const { address, serials, about } = whose
  const now = nowSeconds(context)
  const subject = { ...about, ...(asking.client !== null && { client: asking.client }) }
  const found = own?.settings ?? (await readSettings(context, address.customer, subject))
  const worded = await wordsFor(context, whose, { client: asking.client, ...saying })
  const { said, framed, preferred, ...policies } = own
    ? {
        ...worded,
        ...(own.title !== undefined && { title: own.title }),
        text: own.text,
        said: () => null,
      }
    : worded
  const text = [policies.text, message].filter((one) => one !== undefined).join('\n')
  const words = { ...policies, ...(text !== '' && { text }) }
  const waitSeconds = mayBlock ? found.pushWaitSeconds : 0
  const terms = await phoneTermsFor(context, address.customer, subject, {
    title: words.title,
    text: words.text,
    application: asking.application.name,
    typedCode: found.matchCode === 1,
  })
  // Whoever waits can show nothing. Where a policy has phones match in a way that our own devices cannot, they take a typed code.
  const blocks = waitSeconds > 0 || withoutCode
  const matchCode = !blocks && (found.matchCode === 1 || terms.match !== 'none') ? 1 : 0
  const seconds = Math.min(found.answerSeconds, answerSeconds ?? Infinity)
  const settings = { ...askedOf(found), matchCode, answerSeconds: seconds }
  const phone: PhoneTerms = blocks ? { ...terms, match: 'none' } : terms
  const [transactionId, challenge] = await Promise.all([
    sealId({ master, kind: 'transaction' }, address.ownerId, now, context.random),
    sealId({ master, kind: 'challenge' }, address.ownerId, now, context.random),
  ])
  const request = {
    ...asking,
    ...words,
    isTold: (await findApplication(context, asking.application.id))?.isTold ?? false,
    transactionId,
    challenge,
    settings,
    phone,
    ...(serials && { serials }),
    ...(idempotency && {
      idempotency: {
        // One application's keys are not another's.
        key: await sha256(JSON.stringify([asking.application.id, idempotency.key])),
        requestHash: await sha256(idempotency.request),
      },
    }),
  }
  const answer = await reach(context, address, (object) =>
    object.trigger(address, request, whose.seen),
  )
  if (!answer.ok) {
    if (answer.reason === 'idempotency_conflict') refuse({ reason: 'idempotency_conflict' })
    return answer
  }
  return {
    ...answer,
    said,
    framed,
    preferred,
    waitSeconds,
    code: answer.match === 'code' ? await codeFor(master, answer.challenge) : null,
    pressed: answer.pick && (await presenceOf(master, answer.challenge, answer.pick)).answer,
  }
}
