/**
 * The stock phone's side, inside the owner's object: what is open for it, and its answer. A phone answers only for itself, and
 * only while its token is in force; the first genuine answer of any device or phone decides.
 */
import { isLocked } from './counters.ts'
import { phoneAnswerText } from '../../../schema/signing.ts'
import type { DeclineReason } from '../../../schema/states.ts'
import { equalSecrets } from '../../crypto/equal.ts'
import { isSignedByPhone } from '../../crypto/rsa.ts'
import { presenceOf, shownCodeFor } from '../presence.ts'
import { settle } from './answer.ts'
import { copyOf, isUsable } from './copy.ts'
import { type Address, type Desk, type TokenCopy, nowSeconds, rows } from './desk.ts'
import { expireDue } from './expire.ts'
import { type PhoneChallenge, phoneChallenge } from './phone-challenge.ts'
import {
  challengesOf,
  changeTransaction,
  currentState,
  transactionByChallenge,
  transactionById,
  transactionsWhere,
} from './kept.ts'
import { matchOf } from './match.ts'
import type { Transaction } from './transaction.ts'

/** The phone that speaks: its serial, and the key that its signature was checked with. */
export type PhoneNamed = { serial: string; key: string }

export type OpenForPhone =
  | { ok: true; challenges: PhoneChallenge[] }
  | { ok: false; reason: 'unknown_phone' | 'polling_denied' }

/** More than anyone reads. */
const listed = 20

/** @param byToken policy leaves it to the token whether it may poll. */
export async function openForPhone(
  desk: Desk,
  address: Address,
  { byToken, ...named }: PhoneNamed & { byToken: boolean },
): Promise<OpenForPhone> {
  const token = await phoneToken(desk, address, named)
  if (!token?.phone) return { ok: false, reason: 'unknown_phone' }
  if (byToken && !token.phone.mayPoll) return { ok: false, reason: 'polling_denied' }
  if (!maySpeak(desk, token)) return { ok: true, challenges: [] }
  const challenges: PhoneChallenge[] = []
  for (const transaction of openOf(desk, token.serial)) {
    const challenge = await phoneChallenge(desk, token, transaction)
    if (challenge) challenges.push(challenge)
  }
  return { ok: true, challenges }
}

async function phoneToken(
  desk: Desk,
  address: Address,
  { serial, key }: PhoneNamed,
): Promise<TokenCopy | null> {
  const { tokens } = await copyOf(desk, address)
  return tokens.find((token) => token.serial === serial && token.phone?.key === key) ?? null
}

const maySpeak = (desk: Desk, token: TokenCopy): boolean =>
  isUsable(desk, token) && !isLocked(desk, token)

const openOf = (desk: Desk, serial: string): Transaction[] =>
  transactionsWhere(
    desk,
    `state = 'pending' and answerableUntilAt > ?1
       and exists (select 1 from challenge where transactionId = txn.id and serial = ?2)`,
    nowSeconds(desk),
    serial,
  ).slice(0, listed)

export type PhoneAnswer = {
  /** The signature was found good over it. null: an old app, which does not say what it answers; only the object can tell. */
  nonce: string | null
  signature: string
  decline: boolean
  reason?: string
  pick?: string
}
export type PhoneAnswered =
  | { accepted: true; shown?: { code: string; text: string } }
  | { accepted: false }

const refused: PhoneAnswered = { accepted: false }

/** @param attempt the caller's own name for it: the same one again is told the same. */
export async function answerByPhone(
  desk: Desk,
  address: Address,
  { attempt, answer: given, ...named }: PhoneNamed & { attempt: string; answer: PhoneAnswer },
): Promise<PhoneAnswered> {
  const found = await phoneToken(desk, address, named)
  if (rows(desk, 'select 1 as done from txn where attempt = ?', attempt).length > 0)
    return { accepted: true }
  const asked = found && (await transactionAnswered(desk, found, given))
  if (!found || !asked) return refused
  const { master } = desk.deployment
  const nonce = asked.challenge
  const right =
    asked.phone?.match === 'pick' ? (await presenceOf(master, nonce, asked.phone)).answer : null
  const shown = await shownCodeFor(master, nonce)
  const copy = await copyOf(desk, address)

  // From here to the end nothing is awaited.
  const token = copy.tokens.find(
    ({ serial, phone }) => serial === named.serial && phone?.key === named.key,
  )
  const transaction = transactionById(desk, asked.id)
  if (!token || !transaction || !maySpeak(desk, token)) return refused
  expireDue(desk)
  if (currentState(desk, transaction) !== 'pending') return refused
  const match = matchOf(token, transaction)
  const { decline, reason, pick } = given
  // A text where none was asked for could be the word that declines, with its field taken away on the road.
  if (!decline && pick !== undefined && match !== 'pick') return refused
  const jws = JSON.stringify({
    signed: phoneAnswerText({ nonce, serial: token.serial, decline, reason, pick }),
    signature: given.signature,
    key: named.key,
  })
  if (!decline && match === 'shown') {
    changeTransaction(desk, transaction, { toldTo: token.serial, answer: jws })
    return { accepted: true, shown: { code: shown, text: transaction.phone?.shownText ?? '' } }
  }
  const wrongCode = !decline && match === 'pick' && !equalSecrets(pick ?? '', right ?? '')
  const known = decline && reason !== undefined ? reasons[reason] : undefined
  const settled = settle(desk, copy, token, transaction, {
    decision: decline ? 'decline' : 'approve',
    ...(known && { reason: known }),
    jws,
    wrongCode,
  })
  if (!settled || wrongCode) return refused
  changeTransaction(desk, transaction, { attempt })
  return { accepted: true }
}

/** The app's words. Any other that is signed is a plain decline. */
const reasons: Partial<Record<string, DeclineReason>> = {
  unknown_trigger: 'not_me',
  cancelled: 'cancelled',
}

/** By its nonce; for an app that names none, the open one that the signature is over. */
async function transactionAnswered(
  desk: Desk,
  { serial, phone }: TokenCopy,
  { nonce, signature, ...said }: PhoneAnswer,
): Promise<Transaction | null> {
  if (nonce !== null) {
    const one = transactionByChallenge(desk, nonce)
    return one && challengesOf(desk, one.id).some((issued) => issued.serial === serial) ? one : null
  }
  for (const one of openOf(desk, serial)) {
    const text = phoneAnswerText({ nonce: one.challenge, serial, ...said })
    if (phone && (await isSignedByPhone(phone.key, text, signature))) return one
  }
  return null
}
