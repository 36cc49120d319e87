/**
 * A login's first step: a PIN with a one-time password behind it, a one-time password alone, or a PIN, and if that is right, a
 * challenge. What a first factor is, policies say.
 */
import { toBase64url } from '../../schema/encoding.ts'
import type { Context } from '../env.ts'
import { matching } from '../factor/pin.ts'
import { type Userstore, userstoreOf } from '../factor/userstore.ts'
import { refuse } from '../problem.ts'
import { readSettings } from '../store/settings.ts'
import { admit } from './admit.ts'
import type { Address } from './desk/desk.ts'
import type { Shown } from './desk/otp.ts'
import type { PinCandidate, PinCandidates, PinGuess } from './desk/pins.ts'
import type { TooLongAgo, TooOften } from './desk/terms.ts'
import { reach } from './reach.ts'
import { type Rules, allowed } from './rules.ts'
import { renewPins } from './renew-pins.ts'
import { type Asked, type Asking, triggerChallenge } from './trigger.ts'
import type { Whose } from './whose.ts'

export type Checking = Omit<Asking, 'firstFactor'> & {
  pass: string
  rules: Rules
  /** `pass` is a one-time password and nothing else. */
  otpOnly?: boolean
  /** The caller may not know who exists: every refusal looks and costs the same. */
  isHidden: boolean
}

export type Checked =
  | Asked
  | { ok: true; accepted: Shown[] }
  /** Let in without a token. */
  | { ok: true; admitted: string }
  | { ok: false; reason: 'wrong_pin' | 'used_up' | 'outside_validity' }
  | { ok: false; reason: 'wrong_otp'; usedBefore: boolean; tokens: Shown[] }
  | { ok: false; reason: 'wrong_otp_alone' }
  | { ok: false; reason: 'too_many_tries'; againAt: number }
  | TooOften
  | TooLongAgo

export async function checkPass(
  context: Context,
  whose: Whose,
  { pass, rules, otpOnly = false, isHidden, ...asking }: Checking,
): Promise<Checked> {
  // Their object has it when it has answered the first of our calls.
  const { seen, ...known } = whose
  const { address, serials, about, person } = known
  const { terms, firstFactor } = rules
  // Without anything in their hands, nobody unknown rings anyone, and learns of nobody that they have no PIN.
  if (isHidden && pass === '' && firstFactor !== 'none') return wrongPin
  const attempt = { terms, attempt: toBase64url(context.random(12)) }
  // Guesses are slowed by where they come from, so that a stranger's do not slow the person's own.
  const guess: PinGuess =
    asking.client === null
      ? { scope: `application/${asking.application.id}`, from: 'anywhere' }
      : { scope: asking.client, from: 'address' }
  const isGuess = pass !== '' && !otpOnly && firstFactor !== 'none'
  const { types } = asking
  const found = await reach(context, address, (object) =>
    object.pinCandidates(
      address,
      {
        ...attempt,
        guess: isGuess ? guess : null,
        password: firstFactor === 'userstore',
        passthru: rules.admitted.byPassword !== null && person !== null && !serials,
        ...(serials && { serials }),
        ...(types && { types }),
      },
      seen,
    ),
  )
  const { user, realm } = about
  const login = { application: asking.application.id, client: asking.client, user, realm }
  const work = isHidden && isGuess ? textsOf(pass) : 0
  const mine = { customer: address.customer, person, realm: about.realm }
  const userstore = userstoreOf(context, mine, isHidden)
  if (work > 0 && (firstFactor === 'userstore' || rules.admitted.byPassword)) await userstore.look()
  /** The last thing that is done of a refused check, and for callers who may not know, in every one of them. */
  const refused = async (wrong: { serials: string[]; count: boolean; reason: string | null }) => {
    if (isHidden || wrong.reason !== null)
      await reach(context, address, (object) => object.wrongPin(address, { ...login, ...wrong }))
  }
  const unguessed = (reason: string | null) => refused({ serials: [], count: false, reason })

  if (!found.ok) {
    const asked = {
      ...attempt,
      ...login,
      pass,
      rules,
      userstore,
      scope: guess.scope,
      atLeast: work,
    }
    const without = await admit(context, whose, found, asked)
    if (!without) {
      await unguessed(worthARow(found))
      return found
    }
    if (!without.ok) await unguessed(without.reason === 'no_tokens' ? 'wrong_password' : null)
    return without
  }
  const typed = typedTexts(found.tokens, pass, { otpOnly, challengeTypes: rules.challengeTypes })
  const right = otpOnly
    ? typed
    : await rightOnes(context, address, typed, { firstFactor, userstore, atLeast: work })
  const forgive = () =>
    reach(context, address, (object) => object.pinMatched(guess.scope, attempt.attempt))
  // A token without a PIN takes any text for its one-time password: that is no right PIN of another.
  const knewPin = right.some((one) => one.typed !== '')
  if (!otpOnly && knewPin) await forgive()

  const toAsk = right.filter(({ otp }) => otp === '')
  const guesses = right.filter(({ otp }) => otp !== '').map(({ serial, otp }) => ({ serial, otp }))
  const use = { ...attempt, guesses, countWrong: toAsk.length === 0, ...login }
  const used =
    guesses.length > 0 && (await reach(context, address, (object) => object.useOtp(address, use)))
  if (used && used.ok) {
    if (!otpOnly && !knewPin) await forgive()
    return { ok: true, accepted: used.tokens }
  }
  if (toAsk.length > 0) {
    // A device that may not answer is not rung.
    const may = allowed(rules, toAsk)
    if ('refused' in may) refuse(may.refused)
    const asked = may.tokens.map(({ serial }) => serial)
    const how = { ...asking, firstFactor: pass !== '' }
    return triggerChallenge(context, { ...known, serials: asked }, how)
  }
  if (used) return otpOnly && used.reason === 'wrong_otp' ? wrongAlone : used
  if (otpOnly) return wrongAlone
  const { countWrongPins } = await readSettings(context, address.customer, about)
  await refused({
    serials: found.tokens.map(({ serial }) => serial),
    count: pass !== '' && countWrongPins === 1,
    reason: pass === '' ? null : 'wrong_pin',
  })
  return wrongPin
}

const wrongAlone = { ok: false, reason: 'wrong_otp_alone' } as const
const wrongPin = { ok: false, reason: 'wrong_pin' } as const

const worthy: readonly string[] = [
  'locked',
  'no_suitable_token',
  'outside_validity',
  'revoked',
  'used_up',
]

/** @returns why, where that is worth a row of the trail: a flood of what was not even looked at would fill it. */
const worthARow = (found: PinCandidates & { ok: false }): string | null =>
  worthy.includes(found.reason) ? found.reason : null

type Typed = PinCandidate & { typed: string; otp: string }

/** The ways to read what was typed: as a PIN that makes a challenge, or as a PIN with a one-time password behind it. */
function typedTexts(
  tokens: PinCandidate[],
  pass: string,
  { otpOnly, challengeTypes }: { otpOnly: boolean; challengeTypes: string[] },
): Typed[] {
  const parted = tokens.flatMap((token) => partedOf(token, pass, otpOnly))
  if (otpOnly) return parted
  const asked = tokens.filter(({ type }) => type === 'push' || challengeTypes.includes(type))
  return [...asked.map((token) => ({ ...token, typed: pass, otp: '' })), ...parted]
}

/** The PIN stands first, the one-time password takes the length that it has. */
function partedOf(token: PinCandidate, pass: string, otpOnly: boolean): Typed[] {
  const { otpLength } = token
  if (otpLength === 0 || pass === '') return []
  if (otpOnly) return [{ ...token, typed: '', otp: pass }]
  if (pass.length < otpLength) return []
  const at = pass.length - otpLength
  return [{ ...token, typed: pass.slice(0, at), otp: pass.slice(at) }]
}

/** Six and eight digits, and recovery codes: all that may stand behind a PIN. */
const otpLengths = [0, 6, 8, 10]

/** @returns how many texts there are at most to compare, whoever it is and whatever they have. */
const textsOf = (pass: string): number => otpLengths.filter((length) => pass.length > length).length

async function rightOnes(
  context: Context,
  address: Address,
  typed: Typed[],
  how: { firstFactor: Rules['firstFactor']; userstore: Userstore; atLeast: number },
): Promise<Typed[]> {
  if (how.firstFactor === 'none') return typed.filter((one) => one.typed === '')
  if (how.firstFactor === 'tokenpin') {
    const guesses = typed.map((one) => ({ ...one, stored: one.pinHash }))
    const right = await matching(context, guesses, how.atLeast)
    await renewPins(context, address, right)
    return right
  }
  // What is no one-time password has no password in front of it: a directory locks whoever is tried too often.
  const texts = typed.filter(({ type, otp }) => type === 'recovery' || /^\d*$/.test(otp))
  const right = await how.userstore.right(
    texts.map((one) => one.typed),
    how.atLeast,
  )
  return texts.filter((one) => right.has(one.typed))
}
