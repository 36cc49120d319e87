/**
 * Registers what asks for a fingerprint, a face or a PIN. Once a token and only shortly after its enrolment, while the
 * person who was invited holds the device: whoever finds it later cannot add their own finger.
 */
import { generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server'
import type { VerifierRegistration } from '../../schema/device.ts'
import { toBase64url, utf8 } from '../../schema/encoding.ts'
import { changeTokens } from '../challenge/change-tokens.ts'
import { hmac } from '../crypto/derive.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { readSettings } from '../store/settings.ts'
import { findToken } from '../store/tokens/find.ts'
import { insertVerifier } from '../store/verifiers.ts'
import type { Member } from './change.ts'

/** A challenge is good for the window it was made in and the next. */
const windowSeconds = 300

/** Bound to the token and the time, so that nothing need be kept. */
async function challengeAt(
  context: Context,
  serial: string,
  window: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await hmac(context.deployment.master, 'verifier-challenge', `${serial}|${window}`),
  )
}

const windowNow = (context: Context): number => Math.floor(nowSeconds(context) / windowSeconds)

export async function offerVerifier(context: Context, { address, serial }: Member) {
  await mayRegister(context, { address, serial })
  const { issuer, origin } = context.deployment
  const token = await findToken(context.db, serial)
  return generateRegistrationOptions({
    rpName: issuer,
    rpID: new URL(origin).hostname,
    userName: token?.deviceName || serial,
    userID: utf8(serial),
    challenge: await challengeAt(context, serial, windowNow(context)),
    attestationType: 'none',
    authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
  })
}

/** @throws Refusal verifier_not_now · verification_refused */
export async function addVerifier(
  context: Context,
  { address, serial }: Member,
  { response }: VerifierRegistration,
): Promise<void> {
  await mayRegister(context, { address, serial })
  const { origin } = context.deployment
  const window = windowNow(context)
  const good = await Promise.all(
    [window, window - 1].map(async (one) => toBase64url(await challengeAt(context, serial, one))),
  )
  const checked = await verifyRegistrationResponse({
    response,
    expectedChallenge: (challenge) => good.includes(challenge),
    expectedOrigin: origin,
    expectedRPID: new URL(origin).hostname,
    requireUserVerification: true,
  }).catch(() => null)
  if (!checked?.verified) refuse({ reason: 'verification_refused' })
  const { credential } = checked.registrationInfo
  const made = await changeTokens(context, address, () =>
    insertVerifier(context.db, {
      serial,
      credentialId: credential.id,
      publicKey: toBase64url(credential.publicKey),
      counter: credential.counter,
      createdAt: nowSeconds(context),
    }),
  )
  if (!made) refuse({ reason: 'verifier_not_now' })
}

async function mayRegister(context: Context, { address, serial }: Member): Promise<void> {
  const { enrolmentSeconds } = await readSettings(context, address.customer)
  const token = await findToken(context.db, serial)
  if (!token?.enrolledAt || token.enrolledAt + enrolmentSeconds < nowSeconds(context))
    refuse({ reason: 'verifier_not_now' })
}
