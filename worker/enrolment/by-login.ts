/**
 * Enrols a token in the middle of a login (policy enroll_via_multichallenge): where somebody has just been let in and has no token
 * of that type, the answer becomes a challenge with a QR code instead. Off by default: a stolen password then suffices to enrol.
 */
import { askedOf } from '../challenge/desk/settings.ts'
import type { LoginEnrolment } from '../challenge/desk/transaction.ts'
import { reach } from '../challenge/reach.ts'
import { changeTokens } from '../challenge/change-tokens.ts'
import { addressHere } from '../challenge/follow.ts'
import type { Address } from '../challenge/desk/desk.ts'
import { type OwnerId, sealId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import type { Subject } from '../policy/match.ts'
import { definitions } from '../policy/settings.ts'
import { Refusal } from '../problem.ts'
import type { Person } from '../store/people.ts'
import { saidOf } from '../store/policies.ts'
import { readSettings } from '../store/settings.ts'
import { deleteToken } from '../store/tokens/delete.ts'
import { deleteUnfinished } from '../store/tokens/enrol.ts'
import { findToken, hasTokenOf } from '../store/tokens/find.ts'
import { beginEnrolment } from './begin.ts'
import { labelFor } from './label.ts'
import { makeOtp } from './make-otp.ts'
import { otpLinks } from './otp-links.ts'

type EnrolledType = 'push' | 'totp' | 'hotp'
const types: readonly string[] = ['push', 'totp', 'hotp'] satisfies EnrolledType[]

export type LoggingIn = {
  customer: string
  person: Person & { realm: string; ownerId: OwnerId }
  type: EnrolledType
  application: { id: string; name: string }
  client: string | null
}
export type EnrolledByLogin = {
  transactionId: string
  serial: string
  type: EnrolledType
  /** What the QR code holds. */
  link: string
  /** null: no policy says it. */
  text: string | null
  optional: boolean
}

/** Two logins at the same instant take each other's place; the second time one of them is alone. */
const tries = 3

/** @returns null where they have such a token already, or may have no more: then they are let in. */
export async function enrolByLogin(
  context: Context,
  login: LoggingIn,
): Promise<EnrolledByLogin | null> {
  const { customer, person, client, type } = login
  const about: Omit<Subject, 'nowMs'> = {
    user: person.username,
    realm: person.realm,
    resolver: person.resolver,
    ...(client !== null && { client }),
  }
  if (await hasTokenOf(context.db, person.ownerId, type)) return null
  const action = 'enroll_via_multichallenge_optional'
  const optional = (await saidOf(context, customer, 'authentication', action, about)) === true
  const words = 'enroll_via_multichallenge_text'
  const text = await saidOf(context, customer, 'authentication', words, about)
  for (let tried = 1; ; tried++) {
    const begun = await begin(context, login, { type, optional })
    if (!begun) return null
    const stands = (await findToken(context.db, begun.serial)) !== null
    if (stands || tried === tries)
      return { ...begun, type, optional, text: text === null ? null : String(text) }
  }
}

export const isEnrolled = (type: string): type is EnrolledType => types.includes(type)

async function begin(
  context: Context,
  login: LoggingIn,
  { type, optional }: { type: EnrolledType; optional: boolean },
): Promise<{ transactionId: string; serial: string; link: string } | null> {
  const { master } = context.deployment
  const { customer, person, application, client } = login
  const { ownerId } = person
  await deleteUnfinished(context.db, ownerId)
  const made = await refusedByLimits(() =>
    type === 'push' ? makePush(context, login) : makeTyped(context, login, type),
  )
  if (!made) return null
  const now = nowSeconds(context)
  const [transactionId, challenge] = await Promise.all([
    sealId({ master, kind: 'transaction' }, ownerId, now, context.random),
    sealId({ master, kind: 'challenge' }, ownerId, now, context.random),
  ])
  const about = { user: person.username, realm: person.realm }
  const settings = await readSettings(context, customer, about)
  const { serial, link, otp, seconds } = made
  const address = { ownerId, customer }
  const request = {
    ...{ transactionId, challenge, application, client, settings: askedOf(settings) },
    // Nobody follows a transaction for longer.
    seconds: Math.min(seconds, definitions.answerSeconds.max),
    enrolment: { ...about, serial, optional, otp, maxFailCount: settings.maxFailCount },
  }
  await reach(context, address, (object) => object.openEnrolment(address, request))
  return { transactionId, serial, link }
}

type Made = { serial: string; link: string; seconds: number; otp: LoginEnrolment['otp'] }

async function makePush(
  context: Context,
  { customer, person, application, client }: LoggingIn,
): Promise<Made> {
  const begun = await beginEnrolment(context, {
    ...{ customer, person, client },
    serial: '',
    description: '',
    pin: '',
    byLogin: true,
    by: { name: 'login', application: application.id },
  })
  const seconds = begun.expiresAt - nowSeconds(context)
  const link = begun.stockLink ?? begun.link
  return { serial: begun.serial, link, seconds, otp: null }
}

async function makeTyped(
  context: Context,
  { customer, person, client }: LoggingIn,
  type: 'totp' | 'hotp',
): Promise<Made> {
  const { enrolmentSeconds: seconds } = await readSettings(context, customer)
  const wish = {
    ...{ customer, person, client, type },
    serial: '',
    description: '',
    pin: '',
    seed: null,
    length: null,
    hashlib: 'sha1' as const,
    timeStep: 30,
    validUntil: null,
    finishUntil: nowSeconds(context) + seconds,
  }
  const made = await makeOtp(context, wish)
  const label = await labelFor(context, { customer, serial: made.serial, person, client })
  const { app } = otpLinks({ ...wish, type, length: made.length }, made, label)
  return { serial: made.serial, link: app, seconds, otp: { ...made.kind, seed: made.sealed } }
}

/** privacyIDEA lets in whoever may have no further token: the policy that limits them wins. */
async function refusedByLimits<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal && error.failure.reason === 'too_many_tokens') return null
    throw error
  }
}

/**
 * Whoever may put it off is let in without: once, and only for the application that asked. The token that was begun is gone when
 * this resolves.
 */
export async function putOff(
  context: Context,
  asked: { customer: string; application: string; transactionId: string },
): Promise<boolean> {
  const found = await addressHere(context, asked.transactionId)
  if (!found) return false
  const address: Address = { ...found, customer: asked.customer }
  const serial = await reach(context, address, (object) => object.cancelEnrolment(address, asked))
  if (serial === null) return false
  await changeTokens(context, address, () => deleteToken(context, serial))
  return true
}
