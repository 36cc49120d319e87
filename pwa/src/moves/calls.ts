/** What a device says of others that its owner has: invites one, stops one, makes room for one. */
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

const pathOf = (serial: string): string => `/device/newcomers/${encodeURIComponent(serial)}`

/** @returns whether it was stopped. */
export async function stopNew(account: Enrolment, serial: string): Promise<boolean> {
  const signer = await signerOf(account)
  const path = pathOf(serial)
  const stopped = signer && (await call({ method: 'DELETE', path, signer, answer: DoneAnswer }))
  await refreshOne(account.deviceId)
  return stopped?.ok === true
}

/** This device goes when that one may answer, or stays. @returns whether that is so now. */
export async function leaveFor(
  account: Enrolment,
  serial: string,
  leave: boolean,
): Promise<boolean> {
  const signer = await signerOf(account)
  const path = pathOf(serial)
  const body = { leave }
  const told = signer && (await call({ method: 'PUT', path, body, signer, answer: DoneAnswer }))
  await refreshOne(account.deviceId)
  return told?.ok === true
}
