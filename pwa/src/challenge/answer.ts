/**
 * Answers a challenge: asks the server whether it still stands as it was shown, signs over exactly that, sends it, and
 * writes down what came of it. Works in the page and in the service worker.
 */
import type { AuthenticationResponse } from '../../../schema/device.ts'
import { type AnswerClaims, challengeHash, typ } from '../../../schema/signing.ts'
import { sign } from '../../../schema/jws.ts'
import type { DeclineReason, State } from '../../../schema/states.ts'
import type { Failure } from '../api/call.ts'
import { serverNow } from '../api/clock.ts'
import { fetchChallenge, sendAnswer } from '../api/device.ts'
import type { Signer } from '../api/sign-request.ts'
import type { HistoryResult } from '../keys/database.ts'
import { settle } from '../history/record.ts'

export type Decided =
  | { decision: 'approve'; code?: string }
  | { decision: 'decline'; reason: DeclineReason }

/** How a question ends on this device. `changed`: what the server holds is not what was shown, so nothing was signed. */
export type Ending =
  | 'approved'
  | 'declined'
  | 'cancelled'
  | 'wrong_code'
  | 'too_late'
  | 'elsewhere'
  | 'changed'

/** `failed`: nothing is known to have arrived, and the question still stands. */
export type Verdict =
  | { kind: Exclude<Ending, 'elsewhere'> }
  | { kind: 'elsewhere'; state: State }
  | { kind: 'failed'; failure: Failure }

type Shown = { challenge: string; jws: string }

/** Has the person confirm an answer by finger, face or PIN; null where they did not. */
export type Confirm = (answerJws: string) => Promise<AuthenticationResponse | null>

export async function answer(
  signer: Signer,
  shown: Shown,
  decided: Decided,
  confirm?: Confirm,
): Promise<Verdict> {
  const verdict = await ask({ signer, shown, decided, confirm })
  const result = asHistory(verdict)
  if (result) await settle(shown.challenge, result)
  return verdict
}

type Asked = { signer: Signer; shown: Shown; decided: Decided; confirm: Confirm | undefined }

async function ask({ signer, shown, decided, confirm }: Asked): Promise<Verdict> {
  // A page that slept for a while must not approve what has ended or become something else.
  const now = await fetchChallenge(signer, shown.challenge)
  if (!now.ok) return now.failure.status === 404 ? { kind: 'too_late' } : failed(now.failure)
  if (now.value.state !== 'pending') return ended(now.value.state, decided)
  if (now.value.jws !== shown.jws) return { kind: 'changed' }

  const claims: AnswerClaims = {
    aud: location.origin,
    challenge: shown.challenge,
    challengeHash: await challengeHash(shown.jws),
    ...decided,
    iat: serverNow(),
  }
  const jws = await sign(typ.answer, claims, {
    key: signer.key,
    kid: signer.deviceId,
    jwk: signer.publicKey,
  })
  const assertion = confirm && (await confirm(jws))
  if (assertion === null)
    return failed({ reason: 'unconfirmed', status: 403, detail: 'not confirmed' })
  const sent = await sendAnswer({ answer: jws, ...(assertion && { assertion }) })
  if (!sent.ok) return failed(sent.failure)
  switch (sent.value.outcome) {
    case 'accepted':
      return done(decided)
    case 'already_answered':
      return ended(sent.value.state, decided)
    default:
      return { kind: sent.value.outcome }
  }
}

const failed = (failure: Failure): Verdict => ({ kind: 'failed', failure })

const done = (decided: Decided): Verdict => {
  if (decided.decision === 'approve') return { kind: 'approved' }
  return { kind: decided.reason === 'cancelled' ? 'cancelled' : 'declined' }
}

/** An answer whose confirmation got lost on the way is found to stand when it is tried again. */
function ended(state: State, decided: Decided): Verdict {
  if (state === 'expired') return { kind: 'too_late' }
  return stands(decided).includes(state) ? done(decided) : { kind: 'elsewhere', state }
}

function stands(decided: Decided): State[] {
  if (decided.decision === 'approve') return ['approved', 'redeemed']
  return decided.reason === 'cancelled' ? ['cancelled'] : ['declined']
}

function asHistory(verdict: Verdict): Exclude<HistoryResult, 'open'> | null {
  return verdict.kind === 'failed' || verdict.kind === 'changed' ? null : verdict.kind
}
