/**
 * Enrolment as the person walks it: find the invitation, look at what it is for, finish with a key of this device's own,
 * then notifications. Holds where they are; the secret is never written down.
 */
import { signal } from '@preact/signals'
import type { EnrolmentLookAnswer } from '../../../schema/device.ts'
import { type EnrolmentInvitation, readInvitation } from '../../../schema/enrolment-link.ts'
import type { Failure } from '../api/call.ts'
import { lookAtEnrolment } from '../api/device.ts'
import { activeAccounts, outdated, reloadAccounts } from '../device/accounts.ts'
import { permission } from '../device/notifications.ts'
import { keepPushCurrent } from '../device/push.ts'
import { mustInstallFirst } from '../device/platform.ts'
import { askPersistence } from '../device/storage.ts'
import type { EnrolmentProblem } from './problem.ts'

export type Step =
  | { at: 'find'; problem?: EnrolmentProblem }
  | { at: 'scan' }
  | { at: 'looking' }
  | {
      at: 'confirm'
      invitation: EnrolmentInvitation
      look: EnrolmentLookAnswer
      problem?: EnrolmentProblem
    }
  | { at: 'finishing' }
  | { at: 'waiting'; code: string }
  | { at: 'install'; look: EnrolmentLookAnswer | null }
  | { at: 'verifier'; deviceId: string }
  | { at: 'notifications' }
  | { at: 'ready' }

/** Whoever waits for another device here may go back. */
let leaving = new AbortController()

/** null: not enrolling. */
export const step = signal<Step | null>(null)

export function beginEnrolment(): void {
  step.value = mustInstallFirst() ? { at: 'install', look: null } : { at: 'find' }
}

/** Takes what was opened, scanned or pasted. */
export async function useInvitation(text: string): Promise<void> {
  const invitation = readInvitation(text, location.origin)
  if ('problem' in invitation) {
    step.value = { at: 'find', problem: invitation.problem }
    return
  }
  step.value = { at: 'looking' }
  const look = await lookAtEnrolment(
    'code' in invitation ? { code: invitation.code } : { secret: invitation.secret },
  )
  if (!look.ok) step.value = { at: 'find', problem: why(look.failure) }
  else if (!rootsAgree(invitation, look.value)) step.value = { at: 'find', problem: 'wrong_root' }
  else if (mustInstallFirst()) step.value = { at: 'install', look: look.value }
  else step.value = { at: 'confirm', invitation, look: look.value }
}

export async function confirmEnrolment(deviceName: string): Promise<void> {
  const before = step.value
  if (before?.at !== 'confirm') return
  step.value = { at: 'finishing' }
  const { invitation, look } = before
  // Not with the first load: who has an account comes without it.
  const code = await import('./finish-admitted.ts').catch(() => null)
  if (!code) {
    step.value = { ...before, problem: 'offline' }
    return
  }
  leaving = new AbortController()
  const finished = await code.finishAdmitted(
    { invitation, deviceName, expectedRoot: look.rootThumbprint },
    { waits: (typed) => (step.value = { at: 'waiting', code: typed }), left: leaving.signal },
  )
  if (!finished) return
  if (!finished.ok) {
    step.value = { ...before, problem: why(finished.failure) }
    return
  }
  // Not awaited: Firefox asks the person, who may leave that question standing.
  void askPersistence()
  agreedBefore = activeAccounts.value.some(({ endpoint }) => endpoint !== null)
  await reloadAccounts()
  const { deviceId, userVerification } = finished.value
  if (userVerification) step.value = { at: 'verifier', deviceId }
  else await toNotifications()
}

/** Whether another account on this device had notifications before. */
let agreedBefore = false

export async function afterVerifier(): Promise<void> {
  await reloadAccounts()
  await toNotifications()
}

/** Who agreed to notifications for one account is not asked again for the next. */
async function toNotifications(): Promise<void> {
  if (agreedBefore) await keepPushCurrent()
  const asks = permission.value !== 'impossible' && !agreedBefore
  step.value = { at: asks ? 'notifications' : 'ready' }
}

export function leaveEnrolment(): void {
  leaving.abort()
  step.value = null
}

/** A link that names another root key was made by, or for, another server. */
function rootsAgree(invitation: EnrolmentInvitation, look: EnrolmentLookAnswer): boolean {
  return !('rootThumbprint' in invitation) || invitation.rootThumbprint === look.rootThumbprint
}

function why(failure: Failure): EnrolmentProblem {
  if (failure.reason === 'outdated') outdated.value = true
  if (failure.reason === 'root_mismatch') return 'wrong_root'
  if (failure.status === 0 || failure.status >= 500) return 'offline'
  if (failure.status === 429) return 'busy'
  return failure.status === 400 || failure.reason === 'unreadable' ? 'refused' : 'invitation_over'
}
