/**
 * Registers a fingerprint, a face or a PIN for an account whose approvals ask for one, right after it was added. Which
 * one it is, the platform knows; we get a key that it unlocks.
 */
import { startRegistration } from '@simplewebauthn/browser'
import * as v from 'valibot'
import { RegistrationResponse } from '../../../schema/device.ts'
import { fetchVerifierOptions, putVerifier } from '../api/device.ts'
import type { Enrolment } from '../keys/database.ts'
import { signerOf, update } from '../keys/enrolments.ts'

/** `declined`: the person or the platform did not confirm. */
export type VerifierTrouble = 'declined' | 'refused'

export async function registerVerifier(account: Enrolment): Promise<VerifierTrouble | null> {
  const signer = await signerOf(account)
  if (!signer) return 'refused'
  const options = await fetchVerifierOptions(signer)
  if (!options.ok) return 'refused'
  const made = await startRegistration({ optionsJSON: options.value }).catch(() => null)
  if (!made) return 'declined'
  const response = v.parse(RegistrationResponse, made)
  if (!(await putVerifier(signer, { response })).ok) return 'refused'
  await update(account.deviceId, { verifierId: response.id })
  return null
}
