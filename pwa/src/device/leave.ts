/** Removes an account from this device: the server forgets the key, and so do we. */
import { leaveDevice } from '../api/device.ts'
import { dropAccount } from '../challenge/open.ts'
import { forgetHistory } from '../history/record.ts'
import type { Enrolment } from '../keys/database.ts'
import { forget, signerOf } from '../keys/enrolments.ts'
import { reloadAccounts } from './accounts.ts'

/** What the server says of a device that it has forgotten, or will not hear again. */
const gone = new Set(['unknown_device', 'device_retired'])

/** @returns false where the server could not be told, and nothing was removed. */
export async function leave(account: Enrolment): Promise<boolean> {
  const signer = account.standing === 'active' ? await signerOf(account) : null
  if (signer) {
    const left = await leaveDevice(signer)
    if (!left.ok && !gone.has(left.failure.reason)) return false
  }
  await forget(account.deviceId)
  await forgetHistory(account.deviceId)
  dropAccount(account.deviceId)
  await reloadAccounts()
  return true
}
