/**
 * The device API under /device/: what each request carries and what each answer holds. JSON, camelCase.
 *
 * Every request has `Countersign-Protocol: 1`. Those marked *signed* have `Authorization: Countersign <request JWS>`
 * (schema/signing.ts). Failures are RFC 9457 problem documents with `reason`, and `field` where one is to blame.
 */
import * as v from 'valibot'
import { enrolmentCodeLength } from './limits.ts'
import { PublicJwk } from './jws.ts'
import { outcomes, states } from './states.ts'

const jws = v.pipe(
  v.string(),
  v.maxLength(16384),
  v.regex(/^[\w-]+\.[\w-]+\.[\w-]+$/, 'must be a compact JWS'),
)

/** What `startAuthentication` of @simplewebauthn/browser gives. */
export const AuthenticationResponse = v.object({
  id: v.string(),
  rawId: v.string(),
  type: v.literal('public-key'),
  response: v.object({
    clientDataJSON: v.string(),
    authenticatorData: v.string(),
    signature: v.string(),
    userHandle: v.optional(v.string()),
  }),
  clientExtensionResults: v.looseObject({}),
})
export type AuthenticationResponse = v.InferOutput<typeof AuthenticationResponse>

/** What `startRegistration` of @simplewebauthn/browser gives, as much of it as is used. */
export const RegistrationResponse = v.object({
  id: v.string(),
  rawId: v.string(),
  type: v.literal('public-key'),
  response: v.object({ clientDataJSON: v.string(), attestationObject: v.string() }),
  clientExtensionResults: v.looseObject({}),
})
export type RegistrationResponse = v.InferOutput<typeof RegistrationResponse>

/** GET /device/keys */
export const KeysAnswer = v.object({
  protocol: v.number(),
  /** The deployment's name, as people know it. */
  issuer: v.string(),
  root: PublicJwk,
  links: v.array(v.string()),
  /** RFC 8292 application server key, base64url, for `pushManager.subscribe`. */
  vapidPublicKey: v.string(),
})
export type KeysAnswer = v.InferOutput<typeof KeysAnswer>

/** POST /device/enrolment/look: what an enrolment is for, without spending it. Exactly one of the two. */
export const EnrolmentLook = v.object({
  secret: v.optional(v.pipe(v.string(), v.maxLength(128))),
  code: v.optional(v.pipe(v.string(), v.maxLength(32))),
})
export type EnrolmentLook = v.InferOutput<typeof EnrolmentLook>
export const EnrolmentLookAnswer = v.object({
  issuer: v.string(),
  account: v.string(),
  serial: v.string(),
  expiresAt: v.number(),
  /** The same enrolment as twelve characters to type elsewhere (an app installed on iOS has storage of its own). */
  code: v.pipe(v.string(), v.length(enrolmentCodeLength)),
  rootThumbprint: v.string(),
  /** The device that invited this one, by name: it will be asked. */
  movesFrom: v.optional(v.string()),
})
export type EnrolmentLookAnswer = v.InferOutput<typeof EnrolmentLookAnswer>

/** What is sealed to a device's key for agreement (sealed.ts). */
export const Sealed = v.object({
  /** The ephemeral key, good for this one box. */
  key: PublicJwk,
  box: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22,256}$/)),
})
export type Sealed = v.InferOutput<typeof Sealed>

/** POST /device/enrolment/finish: `proof` is an enrolment JWS. Repeating it with the same key answers the same. */
export const EnrolmentFinish = v.object({ proof: jws })
export type EnrolmentFinish = v.InferOutput<typeof EnrolmentFinish>
export const EnrolmentFinishAnswer = v.object({
  deviceId: v.string(),
  serial: v.string(),
  issuer: v.string(),
  account: v.string(),
  rootThumbprint: v.string(),
  /** Approvals here ask for a fingerprint, a face or a PIN: the app registers one next. */
  userVerification: v.boolean(),
  /** The device shows codes beside (RFC 6238), where it brought a key for agreement and policy has them. */
  codes: v.optional(
    v.object({
      serial: v.string(),
      /** The seed, sealed to the device (sealed.ts): nobody between, and nobody who repeats the proof, reads it. */
      seed: Sealed,
      digits: v.number(),
      stepSeconds: v.number(),
      hash: v.literal('SHA-256'),
    }),
  ),
})
export type EnrolmentFinishAnswer = v.InferOutput<typeof EnrolmentFinishAnswer>

/** Instead, where another device of the owner's made the invitation: it is asked first. Finish again when it has answered. */
export const EnrolmentWaiting = v.object({
  waiting: v.object({
    /** To be typed on the device that is asked. */
    code: v.string(),
    /** GET /validate/events/<transaction> says when it has answered. */
    transaction: v.string(),
    expiresAt: v.number(),
  }),
})
export type EnrolmentWaiting = v.InferOutput<typeof EnrolmentWaiting>
export const EnrolmentFinishOutcome = v.union([EnrolmentFinishAnswer, EnrolmentWaiting])
export type EnrolmentFinishOutcome = v.InferOutput<typeof EnrolmentFinishOutcome>

/** POST /device/moves (signed, no body): an invitation for another device of the same owner, which this one will have to approve. */
export const MoveAnswer = v.object({
  serial: v.string(),
  link: v.string(),
  code: v.string(),
  expiresAt: v.number(),
})
export type MoveAnswer = v.InferOutput<typeof MoveAnswer>

/** A device that another let in lately, or a device or passkey that its person added at /me. */
export const Newcomer = v.object({
  serial: v.string(),
  name: v.string(),
  /** It answers nothing until then. */
  heldUntil: v.number(),
  /** It can be stopped until then. */
  stoppableUntil: v.number(),
})
export type Newcomer = v.InferOutput<typeof Newcomer>

/**
 * DELETE /device/newcomers/<serial> (signed): stops it for good. PUT (signed): whether this device goes once that one may answer.
 */
export const NewcomerUpdate = v.object({ leave: v.boolean() })
export type NewcomerUpdate = v.InferOutput<typeof NewcomerUpdate>

/** PUT /device/trials/<trial> (signed, no body): a push that was only a try has come, and is shown. Answers DoneAnswer. */

export const OpenChallenge = v.object({
  challenge: v.string(),
  jws: v.string(),
  state: v.picklist(states),
})
export type OpenChallenge = v.InferOutput<typeof OpenChallenge>
/** GET /device/challenges (signed): what is open for this device, newest first. */
export const ChallengesAnswer = v.object({
  account: v.string(),
  /** Whether the six-digit codes that this device was given are taken. */
  codes: v.boolean(),
  /** This device may read and not answer until then. */
  heldUntil: v.optional(v.number()),
  /** When this device stops being good. */
  leavesAt: v.optional(v.number()),
  /** Others of the owner's that this one can stop. */
  newcomers: v.array(Newcomer),
  challenges: v.array(OpenChallenge),
  /** How the last push to this device went, so that the app can say "Push works". */
  push: v.object({
    subscribed: v.boolean(),
    lastOutcome: v.optional(v.string()),
    lastAt: v.optional(v.number()),
  }),
})
export type ChallengesAnswer = v.InferOutput<typeof ChallengesAnswer>
/** GET /device/challenges/<challenge> (signed): asked again before signing, so that a stale page cannot approve. */
export const ChallengeAnswer = OpenChallenge

/** POST /device/answers: the answer JWS is its own authority; no Authorization header. */
export const AnswerRequest = v.object({
  answer: jws,
  /**
   * Where the challenge asks for user verification: `startAuthentication`'s answer, over a challenge that is the SHA-256 of
   * the answer JWS, base64url.
   */
  assertion: v.optional(AuthenticationResponse),
})
export type AnswerRequest = v.InferOutput<typeof AnswerRequest>
export const AnswerAnswer = v.object({ outcome: v.picklist(outcomes), state: v.picklist(states) })
export type AnswerAnswer = v.InferOutput<typeof AnswerAnswer>

/** PUT /device/subscription (signed). null where push cannot be had or is given up. */
export const SubscriptionUpdate = v.object({
  subscription: v.nullable(
    v.object({
      endpoint: v.pipe(v.string(), v.maxLength(2048), v.url('must be an address')),
      keys: v.object({
        /** An uncompressed P-256 point, 65 bytes. */
        p256dh: v.pipe(
          v.string(),
          v.regex(/^B[A-Za-z0-9_-]{86}=?$/, 'must be 65 bytes, base64url'),
        ),
        /** 16 bytes. */
        auth: v.pipe(
          v.string(),
          v.regex(/^[A-Za-z0-9_-]{22}(==)?$/, 'must be 16 bytes, base64url'),
        ),
      }),
    }),
  ),
})
export type SubscriptionUpdate = v.InferOutput<typeof SubscriptionUpdate>

/**
 * POST /device/verifier/options (signed, no body): PublicKeyCredentialCreationOptionsJSON for `startRegistration`.
 * PUT /device/verifier (signed): registers what it gave. Once a token, and only shortly after its enrolment: whoever finds a
 * device later cannot add their own finger.
 */
export const VerifierRegistration = v.object({ response: RegistrationResponse })
export type VerifierRegistration = v.InferOutput<typeof VerifierRegistration>

/** PATCH /device (signed). DELETE /device (signed, no body) leaves: the key is forgotten on both sides. */
export const DeviceUpdate = v.object({
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(64)),
})
export type DeviceUpdate = v.InferOutput<typeof DeviceUpdate>
/** Answers PUT /device/subscription, PATCH /device and DELETE /device. */
export const DoneAnswer = v.object({ done: v.literal(true) })

/**
 * GET /device/socket (WebSocket): subprotocols `countersign.v1` and a request JWS for that path.
 * The server only speaks; the page may send `ping` and gets `pong`. Closed with 4401 where the device was retired.
 */
export const socketProtocol = 'countersign.v1'
export const SocketMessage = v.variant('type', [
  v.object({ type: v.literal('challenge'), challenge: v.string(), jws: v.string() }),
  v.object({
    type: v.literal('ended'),
    challenge: v.string(),
    state: v.picklist(states),
    jws: v.string(),
  }),
  /** The list has news of a device that was added, or stopped: ask for it. */
  v.object({ type: v.literal('newcomers') }),
])
export type SocketMessage = v.InferOutput<typeof SocketMessage>

/** RFC 9457. */
export const Problem = v.object({
  type: v.string(),
  title: v.string(),
  status: v.number(),
  detail: v.string(),
  reason: v.string(),
  field: v.optional(v.string()),
})
export type Problem = v.InferOutput<typeof Problem>
