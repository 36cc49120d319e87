/**
 * Writes down, on this device only, what was asked and how it ended. Works in the page and in the service worker. A full or
 * broken storage costs an entry; it must neither hide a question nor make an answer that was given look refused.
 */
import type { ChallengeClaims } from '../../../schema/signing.ts'
import { serverNow } from '../api/clock.ts'
import { type HistoryEntry, type HistoryResult, database } from '../keys/database.ts'
import { dropAsked, keepAsked } from './asked.ts'

/** Enough to look back on; a list that nobody reads to its end. */
const keptEntries = 200

/** Notes a verified challenge the first time it is seen, and keeps its JWS while it is open. */
export const noteAsked = (claims: ChallengeClaims, jws: string): Promise<void> =>
  Promise.all([writeAsked(claims), keepAsked(claims, jws)]).then(
    () => undefined,
    () => undefined,
  )

/** Notes how it ended; the first ending stays, except that what was done here tells more than that it is over. */
export const settle = (challenge: string, result: Exclude<HistoryResult, 'open'>): Promise<void> =>
  Promise.all([writeEnding(challenge, result), dropAsked(challenge)]).then(
    () => undefined,
    () => undefined,
  )

async function writeAsked(claims: ChallengeClaims): Promise<void> {
  const db = await database()
  const change = db.transaction('history', 'readwrite')
  if (!(await change.store.get(claims.challenge))) {
    await change.store.put({
      challenge: claims.challenge,
      deviceId: claims.aud,
      account: claims.account,
      application: claims.application.name,
      origin: claims.origin,
      askedAt: claims.iat,
      expiresAt: claims.exp,
      endedAt: null,
      result: 'open',
    })
    let surplus = (await change.store.count()) - keptEntries
    let oldest = surplus > 0 ? await change.store.index('askedAt').openCursor() : null
    while (oldest && surplus > 0) {
      await oldest.delete()
      surplus -= 1
      oldest = await oldest.continue()
    }
  }
  await change.done
}

async function writeEnding(
  challenge: string,
  result: Exclude<HistoryResult, 'open'>,
): Promise<void> {
  const db = await database()
  const change = db.transaction('history', 'readwrite')
  const entry = await change.store.get(challenge)
  const open = entry?.result === 'open' || (entry?.result === 'elsewhere' && result !== 'elsewhere')
  if (entry && open) await change.store.put({ ...entry, result, endedAt: serverNow() })
  await change.done
}

/** @returns newest first. */
export async function readHistory(): Promise<HistoryEntry[]> {
  return (await (await database()).getAllFromIndex('history', 'askedAt')).toReversed()
}

export async function forgetHistory(deviceId: string): Promise<void> {
  const db = await database()
  const change = db.transaction('history', 'readwrite')
  for (let at = await change.store.openCursor(); at; at = await at.continue())
    if (at.value.deviceId === deviceId) await at.delete()
  await change.done
}
