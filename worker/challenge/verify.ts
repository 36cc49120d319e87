/**
 * Decides whether what a device sent is its own. A device id is sealed to its key's thumbprint, and the key travels with each
 * signature: so a forgery is told from the genuine here, without a look at any storage. Whether the device is still in
 * force, its owner's object says.
 */
import { PublicJwk, headerOf, importPublic, thumbprint, verify } from '../../schema/jws.ts'
import { sha256 } from '../../schema/encoding.ts'
import { signedRequestSeconds } from '../../schema/limits.ts'
import { AnswerClaims, RequestClaims, typ } from '../../schema/signing.ts'
import * as v from 'valibot'
import { Recent } from '../crypto/recent.ts'
import { type OwnerId, openId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { longestLifeSeconds } from './follow.ts'

export type Speaker = { deviceId: string; ownerId: OwnerId; key: CryptoKey }

/**
 * By the header, which is the same on all requests of a device, and on all its answers. Only who has signed with the key gets in, and
 * nothing that is longer than what our own app sends. Whether the device is in force is not asked here.
 */
const heard = new Recent<Speaker>(1024)
/** A JWS is ASCII. */
const longestHeardBytes = 4096

const headerTextOf = (jws: string): string => jws.split('.', 1)[0] ?? ''

/** Call it when the signature was right. */
function hear(context: Context, jws: string, { deviceId, ownerId, key }: Speaker): void {
  if (jws.length <= longestHeardBytes)
    heard.set(context.deployment.master, headerTextOf(jws), { deviceId, ownerId, key })
}

/** @throws Refusal unknown_device where the id is not ours or not this key's. The signature is not yet checked. */
async function speakerOf(context: Context, jws: string, field: string): Promise<Speaker> {
  const { master } = context.deployment
  const known = heard.get(master, headerTextOf(jws))
  if (known) return known
  const header = headerOf(jws)
  const jwk = v.safeParse(PublicJwk, header?.jwk)
  if (!header || !jwk.success || typeof header.kid !== 'string')
    refuse({ reason: 'signature_refused', field })
  const sealing = { master, kind: 'device' as const, bound: await thumbprint(jwk.output) }
  const opened = await openId(sealing, header.kid, nowSeconds(context))
  if (!opened) refuse({ reason: 'unknown_device' })
  const key = await importPublic(jwk.output)
  return { deviceId: header.kid, ownerId: opened.ownerId, key }
}

export type SignedRequest = { method: string; path: string; body: string }

/** @throws Refusal signature_refused · unknown_device · clock_skew */
export async function verifyRequest(
  context: Context,
  jws: string,
  expected: SignedRequest,
  field = 'Authorization',
): Promise<Speaker & { jti: string }> {
  const speaker = await speakerOf(context, jws, field)
  const claims = await verify(typ.request, jws, speaker.key, RequestClaims)
  if (!claims || claims.aud !== context.deployment.origin)
    refuse({ reason: 'signature_refused', field })
  if (claims.method !== expected.method || claims.path !== expected.path)
    refuse({ reason: 'signature_refused', field })
  if (claims.bodyHash !== (await sha256(expected.body)))
    refuse({ reason: 'signature_refused', field })
  checkClock(context, claims.iat)
  hear(context, jws, speaker)
  return { ...speaker, jti: claims.jti }
}

/** @throws Refusal signature_refused · unknown_device · clock_skew */
export async function verifyAnswer(
  context: Context,
  jws: string,
): Promise<Speaker & { claims: AnswerClaims }> {
  const speaker = await speakerOf(context, jws, 'answer')
  const claims = await verify(typ.answer, jws, speaker.key, AnswerClaims)
  if (!claims || claims.aud !== context.deployment.origin)
    refuse({ reason: 'signature_refused', field: 'answer' })
  checkClock(context, claims.iat)
  hear(context, jws, speaker)
  return { ...speaker, claims }
}

/**
 * Wakes nobody for a challenge that is not ours, not of this owner, or long over.
 * @throws Refusal unknown_challenge
 */
export async function checkChallenge(
  context: Context,
  challenge: string,
  ownerId: OwnerId,
): Promise<void> {
  const now = nowSeconds(context)
  const sealing = { master: context.deployment.master, kind: 'challenge' as const }
  const opened = await openId(sealing, challenge, now)
  if (opened?.ownerId !== ownerId || opened.madeAt + longestLifeSeconds < now)
    refuse({ reason: 'unknown_challenge' })
}

/** Devices' clocks are wrong; they take ours from `Date` and sign again. */
export function checkClock(context: Context, iat: number): void {
  if (Math.abs(nowSeconds(context) - iat) > signedRequestSeconds) refuse({ reason: 'clock_skew' })
}
