/** What a device says of others that its owner has: invites one, stops one. */
import { DoneAnswer, MoveAnswer } from '../../../schema/device.ts'
import { call } from '../api/call.ts'
import { refreshOne } from '../challenge/watch.ts'
import type { Enrolment } from '../keys/database.ts'
import { signerOf } from '../keys/enrolments.ts'

/** @returns null where it may not, or the server could not be reached. */
export async function inviteNew(account: Enrolment): Promise<MoveAnswer | null> {
  const signer = await signerOf(account)
  const path = '/device/moves'
  const made = signer && (await call({ method: 'POST', path, signer, answer: MoveAnswer }))
  return made?.ok ? made.value : null
}

/** @returns whether it was stopped. */
export async function stopNew(account: Enrolment, serial: string): Promise<boolean> {
  const signer = await signerOf(account)
  const path = `/device/newcomers/${encodeURIComponent(serial)}`
  const stopped = signer && (await call({ method: 'DELETE', path, signer, answer: DoneAnswer }))
  await refreshOne(account.deviceId)
  return stopped?.ok === true
}
