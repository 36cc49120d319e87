/**
 * How the holder of a stock phone shows that they are where the login is. It has no field to type in: it shows the right text
 * among others, of which one is pressed, or a code that is typed at the login. Both are made from the challenge's id with keys
 * of their own, like the code of our own devices: nothing is stored, and asking again shows the same.
 */
import { codeLength } from '../../schema/limits.ts'
import { toCrockford } from '../../schema/crockford.ts'
import { hmac } from '../crypto/derive.ts'
import { codeFor } from './code.ts'

/**
 * code: typed on the device. pick: pressed on the phone, among others. shown: by the phone, and typed at the login.
 * none: plain approve, or a token that is typed anyway.
 */
export type Match = 'code' | 'pick' | 'shown' | 'none'

/** What policies say of stock phones; a challenge keeps it. */
export type PhoneTerms = {
  match: 'pick' | 'shown' | 'none'
  /** `code`: those that our own devices take. */
  among: 'code' | 'ALPHABETIC' | 'NUMERIC' | string[]
  options: number
  /** Beside the code that the phone shows. */
  shownText: string
  title: string
  question: string
  url: string
  sslVerify: '0' | '1'
}

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
const numbers = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'))

export type Presence = { options: string[]; answer: string }

export async function presenceOf(
  master: CryptoKey,
  challenge: string,
  { among, options: wanted }: Pick<PhoneTerms, 'among' | 'options'>,
): Promise<Presence> {
  const draw = drawsFor(master, challenge)
  if (among === 'code') return amongCodes(master, challenge, wanted, draw)
  const left =
    among === 'ALPHABETIC' ? [...letters] : among === 'NUMERIC' ? [...numbers] : [...among]
  const options: string[] = []
  while (options.length < wanted && left.length > 0)
    options.push(...left.splice(await draw(left.length), 1))
  return { options, answer: options[await draw(options.length)] ?? '' }
}

async function amongCodes(
  master: CryptoKey,
  challenge: string,
  wanted: number,
  draw: Draw,
): Promise<Presence> {
  const answer = await codeFor(master, challenge)
  const options: string[] = []
  for (let tried = 0; options.length < wanted - 1; tried++) {
    const decoy = toCrockford(await hmac(master, 'decoy', `${challenge}|${tried}`), codeLength)
    if (decoy !== answer && !options.includes(decoy)) options.push(decoy)
  }
  options.splice(await draw(wanted), 0, answer)
  return { options, answer }
}

type Draw = (below: number) => Promise<number>

/** Numbers that look random and are the same for the same challenge; 32 bits leave no bias that anyone could use. */
function drawsFor(master: CryptoKey, challenge: string): Draw {
  let drawn = 0
  return async (below) => {
    const bytes = await hmac(master, 'presence', `${challenge}|${drawn++}`)
    return new DataView(bytes.buffer).getUint32(0) % below
  }
}

/** The code that a phone shows. Another one than the login shows for our own devices: who sees the login must not know it. */
export const shownCodeFor = async (master: CryptoKey, challenge: string): Promise<string> =>
  toCrockford(await hmac(master, 'shown-code', challenge), codeLength)
