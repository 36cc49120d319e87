/**
 * What is signed, by whom, and what each signature covers. All are compact JWS (ES256) with a `typ` of their own.
 * Times are epoch seconds; `aud` names the one it is for. Pinned by test/vectors.
 */
import * as v from 'valibot'
import { Agent } from './agent.ts'
import { sha256 } from './encoding.ts'
import { PublicJwk } from './jws.ts'
import { decisions, declineReasons, states } from './states.ts'

export const typ = {
  /** root or signing key → devices: "this key speaks for us too". */
  keyLink: 'countersign-key+jwt',
  /** server → one device: everything the person will see. */
  challenge: 'countersign-challenge+jwt',
  /** server → one device: how a challenge ended. */
  ended: 'countersign-ended+jwt',
  /** device → server: the decision over exactly that challenge. */
  answer: 'countersign-answer+jwt',
  /** device → server: any other request. */
  request: 'countersign-request+jwt',
  /** device → server: "this new key is mine", with the enrolment's secret. */
  enrolment: 'countersign-enrolment+jwt',
  /** server → anyone: what was asked, answered and decided. */
  receipt: 'countersign-receipt+jwt',
  /** server → one device: "your owner has another device now". */
  newcomer: 'countersign-newcomer+jwt',
  /** server → one device: "this push is only a try". */
  trial: 'countersign-trial+jwt',
} as const

const at = v.pipe(v.number(), v.integer(), v.minValue(0))
const short = v.pipe(v.string(), v.maxLength(512))

/** Signed by the root or by a key already linked (`kid`: the signer's thumbprint). */
export const KeyLinkClaims = v.object({ key: PublicJwk, iat: at })
export type KeyLinkClaims = v.InferOutput<typeof KeyLinkClaims>

/**
 * Where a request came from, told honestly:
 * `browser` the person's browser reached us itself; `claimed` an application that may say so told us;
 * `server` all we know is which server asked.
 */
export const Origin = v.object({
  how: v.picklist(['browser', 'claimed', 'server']),
  address: v.optional(short),
  place: v.optional(short),
  agent: v.optional(Agent),
})
export type Origin = v.InferOutput<typeof Origin>

/** kid: the signing key's thumbprint. aud: the device id. */
export const ChallengeClaims = v.object({
  iss: short,
  aud: short,
  challenge: short,
  iat: at,
  exp: at,
  application: v.object({ id: short, name: short }),
  account: short,
  origin: Origin,
  /** `code`: an empty field for the code shown at the login. `none`: plain approve, marked as weaker. */
  match: v.picklist(['code', 'none']),
  userVerification: v.optional(v.boolean()),
  /** A new device asks to be let in: its key's thumbprint, so that this approval is for no other, and what it calls itself. */
  newDevice: v.optional(v.object({ thumbprint: short, name: short })),
  title: v.optional(short),
  text: v.optional(v.pipe(v.string(), v.maxLength(2048))),
})
export type ChallengeClaims = v.InferOutput<typeof ChallengeClaims>

/** kid: the signing key's thumbprint. aud: the device id. */
export const EndedClaims = v.object({
  aud: short,
  challenge: short,
  state: v.picklist(states),
  iat: at,
})
export type EndedClaims = v.InferOutput<typeof EndedClaims>

/** kid: the signing key's thumbprint. aud: the device id. */
export const NewcomerClaims = v.object({
  aud: short,
  serial: short,
  name: short,
  heldUntil: at,
  iat: at,
})
export type NewcomerClaims = v.InferOutput<typeof NewcomerClaims>

/** kid: the signing key's thumbprint. aud: the device id. */
export const TrialClaims = v.object({ aud: short, trial: short, iat: at })
export type TrialClaims = v.InferOutput<typeof TrialClaims>

/** kid: the device id; jwk: the device's key. aud: the server's origin. */
export const AnswerClaims = v.object({
  aud: short,
  challenge: short,
  /** SHA-256 of the challenge JWS, base64url: what was shown is what is signed. */
  challengeHash: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
  decision: v.picklist(decisions),
  reason: v.optional(v.picklist(declineReasons)),
  code: v.optional(v.pipe(v.string(), v.maxLength(32))),
  iat: at,
})
export type AnswerClaims = v.InferOutput<typeof AnswerClaims>

/** kid: the device id; jwk: the device's key. aud: the server's origin. */
export const RequestClaims = v.object({
  aud: short,
  method: short,
  /** path and query, as sent. */
  path: short,
  /** SHA-256 of the body's text (of '' where there is none), base64url. */
  bodyHash: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
  iat: at,
  /** Good once. */
  jti: v.pipe(v.string(), v.regex(/^[\w-]{16,64}$/)),
})
export type RequestClaims = v.InferOutput<typeof RequestClaims>

/** jwk: the new key, which signs itself in. aud: the server's origin. Exactly one of secret and code. */
export const EnrolmentClaims = v.object({
  aud: short,
  secret: v.optional(v.pipe(v.string(), v.maxLength(128))),
  code: v.optional(v.pipe(v.string(), v.maxLength(32))),
  deviceName: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(64)),
  /** Another key of the device's, for agreement alone: the seed of its six-digit codes is sealed to it. Without it there are no codes. */
  agreement: v.optional(PublicJwk),
  iat: at,
})
export type EnrolmentClaims = v.InferOutput<typeof EnrolmentClaims>

/** kid: the signing key's thumbprint. */
export const ReceiptClaims = v.object({
  iss: short,
  iat: at,
  transactionHash: short,
  verdict: v.picklist(['approved']),
  challenge: v.string(),
  answer: v.string(),
  /** A stock phone signs the challenge's nonce and not what it showed: nobody can prove by this receipt what the person read. */
  textCovered: v.optional(v.literal(false)),
})
export type ReceiptClaims = v.InferOutput<typeof ReceiptClaims>

/** What an answer names to say which challenge it answers. */
export const challengeHash = (challengeJws: string): Promise<string> => sha256(challengeJws)

// What stock phones sign and read (privacyIDEA's push protocol): plain text, RSASSA-PKCS1-v1_5 with SHA-256, base32.

/** phone → server, when it asks what is open: `serial|timestamp` */
export const phonePollText = (poll: { serial: string; timestamp: string }): string =>
  [poll.serial, poll.timestamp].join('|')

export type PhoneChallengeText = {
  nonce: string
  url: string
  serial: string
  question: string
  title: string
  sslverify: string
  require_presence?: string | undefined
}

/** server → phone: `nonce|url|serial|question|title|sslverify[|require_presence]` */
export const phoneChallengeText = (one: PhoneChallengeText): string =>
  [
    ...[one.nonce, one.url, one.serial, one.question, one.title, one.sslverify],
    ...(one.require_presence === undefined ? [] : [one.require_presence]),
  ].join('|')

/** server → phone, what it understands: `{"capabilities":{"decline_reason":true},"nonce":"…"}`, canonical by RFC 8785 */
export const phoneCapabilitiesText = (nonce: string): string =>
  JSON.stringify({ capabilities: { decline_reason: true }, nonce })

export type PhoneAnswerText = {
  nonce: string
  serial: string
  decline: boolean
  reason?: string | undefined
  pick?: string | undefined
}

/** phone → server: `nonce|serial[|decline[|reason]][|presence_answer]` */
export const phoneAnswerText = ({
  nonce,
  serial,
  decline,
  reason,
  pick,
}: PhoneAnswerText): string =>
  [
    ...[nonce, serial],
    ...(decline ? ['decline', ...(reason === undefined ? [] : [reason])] : []),
    ...(pick === undefined ? [] : [pick]),
  ].join('|')

/** phone → server, when Firebase gave it another address: `new_fb_token|serial|timestamp` */
export const phoneFbTokenText = (update: {
  fbtoken: string
  serial: string
  timestamp: string
}): string => [update.fbtoken, update.serial, update.timestamp].join('|')
