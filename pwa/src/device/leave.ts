/** Removes an account from this device: the server forgets the key, and so do we. */
import { leaveDevice } from '../api/device.ts'
import { dropAccount } from '../challenge/open.ts'
import { forgetHistory } from '../history/record.ts'
import type { Enrolment } from '../keys/database.ts'
import { forget, signerOf } from '../keys/enrolments.ts'
import { reloadAccounts } from './accounts.ts'

/** @returns false where the server could not be told, and nothing was removed. */
export async function leave(account: Enrolment): Promise<boolean> {
  const signer = account.standing === 'active' ? await signerOf(account) : null
  if (signer) {
    const left = await leaveDevice(signer)
    if (!left.ok && left.failure.status !== 401) return false
  }
  await forget(account.deviceId)
  await forgetHistory(account.deviceId)
  dropAccount(account.deviceId)
  await reloadAccounts()
  return true
}
