/**
 * A login's first step: a PIN with a one-time password behind it, a one-time password alone, or a PIN, and if that is right, a
 * challenge.
 */
import type { Context } from '../env.ts'
import { matchingPins } from '../factor/pin.ts'
import { readSettings } from '../store/settings.ts'
import type { Shown } from './desk/otp.ts'
import type { PinCandidate, PinGuess } from './desk/pins.ts'
import { reach } from './reach.ts'
import { type Asked, type Asking, triggerChallenge } from './trigger.ts'
import type { Whose } from './whose.ts'

export type Checking = Omit<Asking, 'firstFactor'> & {
  pass: string
  /** `pass` is a one-time password and nothing else. */
  otpOnly?: boolean
  /** Beside devices: whose PIN alone makes a challenge that asks for the one-time password. */
  challengeTypes?: readonly string[]
}

export type Checked =
  | Asked
  | { ok: true; accepted: Shown[] }
  | { ok: false; reason: 'wrong_pin' }
  | { ok: false; reason: 'wrong_otp'; usedBefore: boolean; tokens: Shown[] }
  | { ok: false; reason: 'wrong_otp_alone' }
  | { ok: false; reason: 'too_many_tries'; againAt?: number }

export async function checkPass(
  context: Context,
  { address, serials, about }: Whose,
  { pass, otpOnly = false, challengeTypes = [], ...asking }: Checking,
): Promise<Checked> {
  const { types } = asking
  // Guesses are slowed by where they come from, so that a stranger's do not slow the person's own.
  const guess: PinGuess =
    asking.client === null
      ? { scope: `application/${asking.application.id}`, from: 'anywhere' }
      : { scope: asking.client, from: 'address' }
  const found = await reach(context, address, (object) =>
    object.pinCandidates(address, {
      guess: pass === '' || otpOnly ? null : guess,
      ...(serials && { serials }),
      ...(types && { types }),
    }),
  )
  if (!found.ok) return found
  const asked = found.tokens.filter(({ type }) => type === 'push' || challengeTypes.includes(type))
  const whole = otpOnly ? [] : asked.map((token) => ({ ...token, typed: pass, otp: '' }))
  const parted = found.tokens.flatMap((token) => partedOf(token, pass, otpOnly))
  const right = otpOnly ? parted : await matchingPins(context, [...whole, ...parted])
  const forgive = () => reach(context, address, (object) => object.pinMatched(guess.scope))
  // A token without a PIN takes any text for its one-time password: that is no right PIN of another.
  const knewPin = right.some(({ typed }) => typed !== '')
  if (!otpOnly && knewPin) await forgive()

  const toAsk = right.filter(({ otp }) => otp === '').map(({ serial }) => serial)
  const guesses = right.filter(({ otp }) => otp !== '').map(({ serial, otp }) => ({ serial, otp }))
  const use = {
    guesses,
    countWrong: toAsk.length === 0,
    application: asking.application.id,
    client: asking.client,
  }
  const used =
    guesses.length > 0 && (await reach(context, address, (object) => object.useOtp(address, use)))
  if (used && used.ok) {
    if (!otpOnly && !knewPin) await forgive()
    return { ok: true, accepted: used.tokens }
  }
  if (toAsk.length > 0)
    return triggerChallenge(
      context,
      { address, serials: toAsk, about },
      { ...asking, firstFactor: pass !== '' },
    )
  if (used) return otpOnly && used.reason === 'wrong_otp' ? wrongAlone : used
  if (otpOnly) return wrongAlone
  const { countWrongPins } = await readSettings(context, address.customer, about)
  if (pass !== '') {
    const wrong = {
      serials: found.tokens.map(({ serial }) => serial),
      count: countWrongPins === 1,
      application: asking.application.id,
      client: asking.client,
    }
    await reach(context, address, (object) => object.wrongPin(address, wrong))
  }
  return { ok: false, reason: 'wrong_pin' }
}

const wrongAlone = { ok: false, reason: 'wrong_otp_alone' } as const

type Parted = PinCandidate & { typed: string; otp: string }

/** The PIN stands first, the one-time password takes the length that it has. */
function partedOf(token: PinCandidate, pass: string, otpOnly: boolean): Parted[] {
  const { otpLength } = token
  if (otpLength === 0 || pass === '') return []
  if (otpOnly) return [{ ...token, typed: '', otp: pass }]
  if (pass.length < otpLength) return []
  const at = pass.length - otpLength
  return [{ ...token, typed: pass.slice(0, at), otp: pass.slice(at) }]
}
