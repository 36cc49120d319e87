/// <reference lib="webworker" />
/** What a push brings: verified, it becomes a question or the end of one; anything else becomes a neutral line. */
import * as v from 'valibot'
import { PushPayload } from '../../schema/push.ts'
import type { EndedClaims } from '../../schema/signing.ts'
import { fetchChallenge } from './api/device.ts'
import { recallClock } from './api/clock.ts'
import { verifyChallenge, verifyEnded, verifyNewcomer } from './challenge/verify.ts'
import { keepSubscribed } from './device/subscription.ts'
import { noteAsked, settle } from './history/record.ts'
import { database } from './keys/database.ts'
import type { Enrolment } from './keys/database.ts'
import { loadEnrolment, loadEnrolments, signerOf } from './keys/enrolments.ts'
import type { FromWorker } from './sw-bridge.ts'
import { tried } from './sw-trial.ts'
import { showEnding, showNeutral, showNewcomer, showQuestion, words } from './sw-notify.ts'

type Carried = PushPayload['countersign']

/** A neutral notification still needs a place of its own. */
const nobody = 'unknown'

export async function received(
  self: ServiceWorkerGlobalScope,
  data: PushMessageData | null,
): Promise<void> {
  await recallClock().catch(() => undefined)
  const payload = v.safeParse(v.pipe(v.string(), v.parseJson(), PushPayload), data?.text())
  const carried = payload.success ? payload.output.countersign : null
  const shown = carried !== null && (await show(self, carried).catch(() => false))
  if (!shown) await showNeutral(self.registration, carried?.device ?? nobody)
  if (carried) await tellPages(self, { type: 'changed', device: carried.device })
}

/** @returns whether a notification was shown. */
async function show(self: ServiceWorkerGlobalScope, carried: Carried): Promise<boolean> {
  const enrolment = await loadEnrolment(carried.device)
  if (!enrolment) return false
  if ('ended' in carried) return showEnded(self, enrolment, { ...carried, jws: carried.ended })
  if ('trial' in carried) return tried(self, enrolment, carried.trial)
  if ('newcomer' in carried) return showAdded(self, enrolment, carried.newcomer)
  const jws = 'jws' in carried ? carried.jws : await fetchJws(enrolment, carried.challenge)
  const claims = jws && (await verifyChallenge(enrolment, { challenge: carried.challenge, jws }))
  if (!claims) return false
  await noteAsked(claims, jws)
  await showQuestion(self.registration, claims)
  return true
}

async function showAdded(
  self: ServiceWorkerGlobalScope,
  enrolment: Enrolment,
  jws: string,
): Promise<boolean> {
  const claims = await verifyNewcomer(enrolment, jws)
  if (claims) await showNewcomer(self.registration, enrolment, claims)
  return claims !== null
}

async function fetchJws(enrolment: Enrolment, challenge: string): Promise<string | null> {
  const signer = await signerOf(enrolment)
  const fetched = signer && (await fetchChallenge(signer, challenge))
  return fetched?.ok && fetched.value.state === 'pending' ? fetched.value.jws : null
}

async function showEnded(
  self: ServiceWorkerGlobalScope,
  enrolment: Enrolment,
  carried: { challenge: string; jws: string },
): Promise<boolean> {
  const claims = await verifyEnded(enrolment, carried)
  if (!claims || claims.state === 'pending') return false
  const entry = await (await database()).get('history', carried.challenge)
  const text = await words()
  const application = entry?.application ?? enrolment.issuer
  await settle(carried.challenge, claims.state === 'expired' ? 'too_late' : 'elsewhere')
  await tellPages(self, { type: 'changed', device: enrolment.deviceId })
  await showEnding(self.registration, {
    device: enrolment.deviceId,
    challenge: carried.challenge,
    title: entry?.application ?? text.push.endedTitle,
    body: endingWords(text, claims.state, application),
  })
  return true
}

type Words = Awaited<ReturnType<typeof words>>

function endingWords(
  text: Words,
  state: Exclude<EndedClaims['state'], 'pending'>,
  application: string,
): string {
  switch (state) {
    case 'approved':
    case 'redeemed':
      return text.outcome.approved.title
    case 'declined':
      return text.outcome.declined.title
    case 'cancelled':
      return text.elsewhere.cancelled(application)
    case 'expired':
      return text.outcome.too_late.title
  }
}

export async function tellPages(
  self: ServiceWorkerGlobalScope,
  message: FromWorker,
): Promise<void> {
  for (const page of await self.clients.matchAll({ type: 'window', includeUncontrolled: true }))
    page.postMessage(message)
}

/** The browser changed the subscription by itself. */
export async function resubscribe(self: ServiceWorkerGlobalScope): Promise<void> {
  const enrolments = await loadEnrolments()
  await keepSubscribed(
    self.registration,
    enrolments.filter(({ standing }) => standing === 'active'),
  )
  await tellPages(self, { type: 'accounts' })
}
