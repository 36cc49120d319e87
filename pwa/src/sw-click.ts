/// <reference lib="webworker" />
/** Clicks on a notification: opening leads to the question; "It wasn't me" is answered from here. Approving never is. */
import * as v from 'valibot'
import { fetchChallenge } from './api/device.ts'
import { type Verdict, answer } from './challenge/answer.ts'
import { verifyChallenge } from './challenge/verify.ts'
import { loadEnrolment, signerOf } from './keys/enrolments.ts'
import type { FromWorker } from './sw-bridge.ts'
import { NotificationData, notMeAction, showEnding, words } from './sw-notify.ts'
import { tellPages } from './sw-push.ts'

const appAddresses = new Set(['/app', '/enrol'])

export async function clicked(
  self: ServiceWorkerGlobalScope,
  event: NotificationEvent,
): Promise<void> {
  const { notification, action } = event
  notification.close()
  const data = v.safeParse(NotificationData, notification.data)
  if (!data.success) return openApp(self, null)
  const { device, challenge } = data.output
  if (action === notMeAction && challenge !== undefined) await decline(self, { device, challenge })
  else await openApp(self, data.output)
}

async function openApp(
  self: ServiceWorkerGlobalScope,
  data: NotificationData | null,
): Promise<void> {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const open = windows.find(({ url }) => appAddresses.has(new URL(url).pathname))
  if (!open) {
    const fragment = data?.challenge ? `#challenge=${encodeURIComponent(data.challenge)}` : ''
    await self.clients.openWindow(`/app${fragment}`)
    return
  }
  const message: FromWorker = data?.challenge
    ? { type: 'show', device: data.device, challenge: data.challenge }
    : { type: 'show', device: data?.device ?? '' }
  open.postMessage(message)
  // Refused where the browser thinks that the click is too old; the question is there all the same.
  await open.focus().catch(() => undefined)
}

async function decline(
  self: ServiceWorkerGlobalScope,
  { device, challenge }: { device: string; challenge: string },
): Promise<void> {
  const text = await words()
  const declined = await sendDecline(device, challenge).catch(() => null)
  await tellPages(self, { type: 'changed', device })
  await showEnding(self.registration, {
    device,
    challenge,
    title: declined?.application ?? text.push.endedTitle,
    body: declined ? said(text, declined.verdict) : text.push.notDeclined,
  })
}

type Declined = { application: string; verdict: Verdict }

/** @returns null where there is nothing genuine to decline, or no way to. */
async function sendDecline(device: string, challenge: string): Promise<Declined | null> {
  const enrolment = await loadEnrolment(device)
  const signer = enrolment && (await signerOf(enrolment))
  if (!enrolment || !signer) return null
  const fetched = await fetchChallenge(signer, challenge)
  if (!fetched.ok) return null
  const shown = { challenge, jws: fetched.value.jws }
  const claims = await verifyChallenge(enrolment, shown)
  if (!claims) return null
  const verdict = await answer(signer, shown, { decision: 'decline', reason: 'not_me' })
  return { application: claims.application.name, verdict }
}

function said(text: Awaited<ReturnType<typeof words>>, verdict: Verdict): string {
  if (verdict.kind === 'declined') return text.push.declined
  if (verdict.kind === 'failed') return text.push.notDeclined
  return text.outcome[verdict.kind].title
}
