/// <reference lib="webworker" />
/** A push that is only a try: shown as that, and the server is told that it has arrived. Nothing can be answered on it. */
import { DoneAnswer } from '../../schema/device.ts'
import { call } from './api/call.ts'
import { verifyTrial } from './challenge/verify.ts'
import type { Enrolment } from './keys/database.ts'
import { signerOf } from './keys/enrolments.ts'
import { showTrial } from './sw-notify.ts'

/** @returns whether it was shown. */
export async function tried(
  { registration }: ServiceWorkerGlobalScope,
  enrolment: Enrolment,
  jws: string,
): Promise<boolean> {
  const claims = await verifyTrial(enrolment, jws)
  if (!claims) return false
  await showTrial(registration, enrolment)
  const signer = await signerOf(enrolment)
  const path = `/device/trials/${encodeURIComponent(claims.trial)}`
  // Whoever waits for it waits in vain then, and is told so: it was shown all the same.
  if (signer) await call({ method: 'PUT', path, signer, answer: DoneAnswer })
  return true
}
