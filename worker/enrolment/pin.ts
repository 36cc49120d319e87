/**
 * PINs as policies want them: of whoever sets them (scope admin or user), where those say nothing of scope enrollment. What is
 * random is told once, to whoever asked for it.
 */
import type { Context } from '../env.ts'
import { type PinRules, pinProblem, randomPin } from '../policy/pin.ts'
import { refuse } from '../problem.ts'
import { saidOf } from '../store/policies.ts'
import { readSettings } from '../store/settings.ts'

export type PinAbout = {
  customer: string
  /** Who sets it. */
  by: 'admin' | 'user'
  /** By name, where it is an administrator. */
  adminuser?: string
  /** Whose token it is; null: nobody's. */
  person: { username: string; realm: string; resolver?: string } | null
  client?: string | null
}

const subjectOf = ({ person, client, adminuser }: PinAbout) => ({
  ...(adminuser !== undefined && { adminuser }),
  ...(person && { user: person.username, realm: person.realm }),
  ...(person?.resolver !== undefined && { resolver: person.resolver }),
  ...(client && { client }),
})

type Rule = 'otp_pin_minlength' | 'otp_pin_maxlength' | 'otp_pin_contents'

async function rulesFor(context: Context, about: PinAbout): Promise<PinRules> {
  const subject = subjectOf(about)
  const { customer } = about
  const said = async (action: Rule) =>
    (await saidOf(context, customer, about.by, action, subject)) ??
    (await saidOf(context, customer, 'enrollment', action, subject))
  const number = async (action: Rule) => {
    const value = await said(action)
    return value === null ? null : Number(value)
  }
  const contents = await said('otp_pin_contents')
  return {
    shortest: await number('otp_pin_minlength'),
    longest: await number('otp_pin_maxlength'),
    contents: contents === null ? null : String(contents),
  }
}

/** @throws Refusal pin_refused */
export async function checkPin(context: Context, about: PinAbout, pin: string): Promise<void> {
  const why = pinProblem(pin, await rulesFor(context, about))
  if (why !== null) refuse({ reason: 'pin_refused', why })
}

export type NewPin = { pin: string; made: boolean }

/** Of a new token: what was typed, or one made at random where a policy says so. @throws Refusal pin_refused */
export async function pinForNew(context: Context, about: PinAbout, typed: string): Promise<NewPin> {
  const { customer } = about
  const length = await saidOf(context, customer, 'enrollment', 'otp_pin_random', subjectOf(about))
  const pin = length === null ? typed : await atRandom(context, about, Number(length))
  await checkPin(context, about, pin)
  return { pin, made: length !== null }
}

/** @throws Refusal random_pin_unset where no policy says how long. */
export async function pinAtRandom(context: Context, about: PinAbout): Promise<string> {
  const { customer, by } = about
  const subject = subjectOf(about)
  const said = await saidOf(context, customer, by, 'otp_pin_set_random', subject)
  const length =
    said === null ? (await readSettings(context, customer, subject)).randomPinLength : Number(said)
  if (length === 0) refuse({ reason: 'random_pin_unset', scope: by })
  return atRandom(context, about, length)
}

const atRandom = async (context: Context, about: PinAbout, length: number): Promise<string> =>
  randomPin(length, (await rulesFor(context, about)).contents, context.random)
