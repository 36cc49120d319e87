/** The device API, one function an address, named in the domain's words. */
import {
  AnswerAnswer,
  type AnswerRequest,
  ChallengeAnswer,
  ChallengesAnswer,
  DoneAnswer,
  EnrolmentFinishOutcome,
  type EnrolmentLook,
  EnrolmentLookAnswer,
  KeysAnswer,
  type OpenChallenge,
  type SubscriptionUpdate,
  type VerifierRegistration,
} from '../../../schema/device.ts'
import * as v from 'valibot'
import { type Result, call } from './call.ts'
import type { Signer } from './sign-request.ts'

export const fetchKeys = (): Promise<Result<KeysAnswer>> =>
  call({ method: 'GET', path: '/device/keys', answer: KeysAnswer })

export const lookAtEnrolment = (body: EnrolmentLook): Promise<Result<EnrolmentLookAnswer>> =>
  call({ method: 'POST', path: '/device/enrolment/look', body, answer: EnrolmentLookAnswer })

export const finishEnrolment = (proof: string): Promise<Result<EnrolmentFinishOutcome>> =>
  call({
    method: 'POST',
    path: '/device/enrolment/finish',
    body: { proof },
    answer: EnrolmentFinishOutcome,
  })

export const fetchChallenges = (signer: Signer): Promise<Result<ChallengesAnswer>> =>
  call({ method: 'GET', path: '/device/challenges', signer, answer: ChallengesAnswer })

export const fetchChallenge = (signer: Signer, challenge: string): Promise<Result<OpenChallenge>> =>
  call({
    method: 'GET',
    path: `/device/challenges/${encodeURIComponent(challenge)}`,
    signer,
    answer: ChallengeAnswer,
  })

export const sendAnswer = (body: AnswerRequest): Promise<Result<AnswerAnswer>> =>
  call({ method: 'POST', path: '/device/answers', body, answer: AnswerAnswer })

export const putSubscription = (signer: Signer, body: SubscriptionUpdate) =>
  call({ method: 'PUT', path: '/device/subscription', body, signer, answer: DoneAnswer })

export const renameDevice = (signer: Signer, name: string) =>
  call({ method: 'PATCH', path: '/device', body: { name }, signer, answer: DoneAnswer })

export const leaveDevice = (signer: Signer) =>
  call({ method: 'DELETE', path: '/device', signer, answer: DoneAnswer })

/** As much of WebAuthn's creation options as must be there; the browser judges the rest. */
const VerifierOptions = v.looseObject({
  challenge: v.string(),
  rp: v.looseObject({ name: v.string() }),
  user: v.object({ id: v.string(), name: v.string(), displayName: v.string() }),
  pubKeyCredParams: v.array(v.object({ alg: v.number(), type: v.literal('public-key') })),
})

export const fetchVerifierOptions = (signer: Signer) =>
  call({ method: 'POST', path: '/device/verifier/options', signer, answer: VerifierOptions })

export const putVerifier = (signer: Signer, body: VerifierRegistration) =>
  call({ method: 'PUT', path: '/device/verifier', body, signer, answer: DoneAnswer })
