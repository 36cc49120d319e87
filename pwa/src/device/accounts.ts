/** The accounts of this device, as the screens see them. The database is the truth; this follows it. */
import { computed, signal } from '@preact/signals'
import type { Failure } from '../api/call.ts'
import type { Enrolment } from '../keys/database.ts'
import { loadEnrolments, mark } from '../keys/enrolments.ts'

/** null until the database has been read. */
export const accounts = signal<Enrolment[] | null>(null)
export const activeAccounts = computed(() =>
  (accounts.value ?? []).filter((account) => account.standing === 'active'),
)
/** The server asked for a newer app. */
export const outdated = signal(false)

export async function reloadAccounts(): Promise<void> {
  accounts.value = await loadEnrolments()
}

export const accountOf = (deviceId: string): Enrolment | undefined =>
  accounts.value?.find((account) => account.deviceId === deviceId)

/** Device ids that the server does not listen to for now: too many wrong codes. */
export const locked = signal<ReadonlySet<string>>(new Set())

/** What a refusal says about the account itself, or about this app, is taken note of. */
export async function heed(deviceId: string, failure: Failure): Promise<void> {
  if (failure.reason === 'outdated') outdated.value = true
  if (failure.reason === 'device_locked') locked.value = new Set([...locked.value, deviceId])
  if (failure.reason !== 'unknown_device' && failure.reason !== 'device_retired') return
  await mark(deviceId, 'retired')
  await reloadAccounts()
}

export function heedSuccess(deviceId: string): void {
  if (locked.value.has(deviceId))
    locked.value = new Set([...locked.value].filter((one) => one !== deviceId))
}
