/** Gives this device another name for one account: the one that sign-in pages show as "Sent to …". */
import { renameDevice } from '../api/device.ts'
import type { Enrolment } from '../keys/database.ts'
import { signerOf, update } from '../keys/enrolments.ts'
import { heed, reloadAccounts } from './accounts.ts'

export async function rename(account: Enrolment, name: string): Promise<boolean> {
  const signer = await signerOf(account)
  const renamed = signer && (await renameDevice(signer, name))
  if (!renamed?.ok) {
    if (renamed) await heed(account.deviceId, renamed.failure)
    return false
  }
  await update(account.deviceId, { deviceName: name })
  await reloadAccounts()
  return true
}
