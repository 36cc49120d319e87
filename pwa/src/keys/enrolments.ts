/** Keeps the accounts of this device and their keys, and notices a key that the browser has lost. */
import type { Signer } from '../api/sign-request.ts'
import { type Enrolment, type KeyPair, type Standing, database } from './database.ts'

/** @returns every account, oldest first; one whose key is gone is marked so, and stays marked. */
export async function loadEnrolments(): Promise<Enrolment[]> {
  const db = await database()
  const all = await db.getAll('enrolments')
  const checked = all.map(async (enrolment) =>
    enrolment.standing === 'active' && !(await signerOf(enrolment))
      ? mark(enrolment.deviceId, 'key_lost')
      : enrolment,
  )
  return (await Promise.all(checked))
    .filter((enrolment) => enrolment !== null)
    .toSorted((one, other) => one.enrolledAt - other.enrolledAt)
}

export async function loadEnrolment(deviceId: string): Promise<Enrolment | null> {
  return (await (await database()).get('enrolments', deviceId)) ?? null
}

/** @returns who signs for this account, or null where the key is not there to sign. */
export async function signerOf(enrolment: Enrolment): Promise<Signer | null> {
  const key = await readKey(enrolment.deviceId)
  return key ? { deviceId: enrolment.deviceId, publicKey: enrolment.publicKey, key } : null
}

async function readKey(deviceId: string): Promise<CryptoKey | null> {
  try {
    // WebKit seals keys with a key of the system's; a restored backup yields null or an error here, not a key.
    const key: unknown = await (await database()).get('keys', deviceId)
    return key instanceof CryptoKey && key.type === 'private' ? key : null
  } catch {
    return null
  }
}

/** Codes have a key of their own, next to the device's. */
const codesName = (deviceId: string): string => `codes/${deviceId}`

/** @returns null where there is none, or the browser lost it. */
export async function codesKey(deviceId: string): Promise<CryptoKey | null> {
  try {
    const key: unknown = await (await database()).get('keys', codesName(deviceId))
    return key instanceof CryptoKey && key.type === 'secret' ? key : null
  } catch {
    return null
  }
}

const sameAccount = (one: Enrolment, other: Enrolment): boolean =>
  one.issuer === other.issuer && one.account === other.account

/** The account and its key are kept together or not at all; an account that was lost and is added again takes its old place. */
export async function keep(
  enrolment: Enrolment,
  { pair, codes, draft }: { pair: KeyPair; codes: CryptoKey | null; draft: string },
): Promise<void> {
  const db = await database()
  const dead = (await db.getAll('enrolments')).filter(
    (other) => other.standing !== 'active' && sameAccount(other, enrolment),
  )
  const change = db.transaction(['enrolments', 'keys', 'drafts'], 'readwrite', {
    durability: 'strict',
  })
  await Promise.all([
    ...dead.map(({ deviceId }) => change.objectStore('enrolments').delete(deviceId)),
    ...dead.map(({ deviceId }) => change.objectStore('keys').delete(codesName(deviceId))),
    change.objectStore('enrolments').put(enrolment),
    change.objectStore('keys').put(pair.privateKey, enrolment.deviceId),
    ...(codes ? [change.objectStore('keys').put(codes, codesName(enrolment.deviceId))] : []),
    change.objectStore('drafts').delete(draft),
    change.done,
  ])
}

/** @returns the account as it now is, or null where it has gone meanwhile. */
export async function update(
  deviceId: string,
  changed: Partial<Omit<Enrolment, 'deviceId'>>,
): Promise<Enrolment | null> {
  const db = await database()
  const change = db.transaction('enrolments', 'readwrite')
  const before = await change.store.get(deviceId)
  const after = before ? { ...before, ...changed } : null
  if (after) await change.store.put(after)
  await change.done
  return after
}

export const mark = (deviceId: string, standing: Standing): Promise<Enrolment | null> =>
  update(deviceId, { standing })

export async function forget(deviceId: string): Promise<void> {
  const db = await database()
  const change = db.transaction(['enrolments', 'keys'], 'readwrite')
  await Promise.all([
    change.objectStore('enrolments').delete(deviceId),
    change.objectStore('keys').delete(deviceId),
    change.objectStore('keys').delete(codesName(deviceId)),
    change.done,
  ])
}
