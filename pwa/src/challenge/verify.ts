/**
 * Decides whether a challenge is genuine: signed by a key that the account's pinned root vouches for, meant for this
 * device, from this origin, still open. What is not is shown to nobody. Works in the page and in the service worker.
 */
import { headerOf, verify } from '../../../schema/jws.ts'
import {
  ChallengeClaims,
  EndedClaims,
  NewcomerClaims,
  TrialClaims,
  typ,
} from '../../../schema/signing.ts'
import { serverNow } from '../api/clock.ts'
import type { Enrolment } from '../keys/database.ts'
import { trustedKey } from '../keys/trust.ts'

type Carried = { challenge: string; jws: string }

/** @returns what may be shown, or null. */
export async function verifyChallenge(
  enrolment: Enrolment,
  carried: Carried,
): Promise<ChallengeClaims | null> {
  const claims = await believed(enrolment, carried.jws, typ.challenge, ChallengeClaims)
  if (!claims) return null
  if (claims.aud !== enrolment.deviceId) return null
  if (claims.challenge !== carried.challenge) return null
  if (claims.iss !== location.origin) return null
  return claims.exp > serverNow() ? claims : null
}

/** @returns how the challenge ended, or null where the message is not the server's. */
export async function verifyEnded(
  enrolment: Enrolment,
  carried: Carried,
): Promise<EndedClaims | null> {
  const claims = await believed(enrolment, carried.jws, typ.ended, EndedClaims)
  return claims?.aud === enrolment.deviceId && claims.challenge === carried.challenge
    ? claims
    : null
}

/** @returns what device was added, or null where the message is not the server's. */
export async function verifyNewcomer(
  enrolment: Enrolment,
  jws: string,
): Promise<NewcomerClaims | null> {
  const claims = await believed(enrolment, jws, typ.newcomer, NewcomerClaims)
  return claims?.aud === enrolment.deviceId ? claims : null
}

/** @returns what to say has come, or null where the message is not the server's. */
export async function verifyTrial(enrolment: Enrolment, jws: string): Promise<TrialClaims | null> {
  const claims = await believed(enrolment, jws, typ.trial, TrialClaims)
  return claims?.aud === enrolment.deviceId ? claims : null
}

async function believed<
  S extends
    | typeof ChallengeClaims
    | typeof EndedClaims
    | typeof NewcomerClaims
    | typeof TrialClaims,
>(enrolment: Enrolment, jws: string, expectedTyp: string, claims: S) {
  const kid = headerOf(jws)?.kid
  const key = kid === undefined ? null : await trustedKey(enrolment, kid)
  return key && verify(expectedTyp, jws, key, claims)
}
