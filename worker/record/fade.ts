/**
 * The trail must not fill the database. Part of the minute's work: what is older than its customer keeps it leaves D1, oldest
 * first, by whole days and in batches, so that a backlog of any size is worked off over many minutes. Where there is a bucket, it
 * is written there first, and what could not be written stays.
 */
import { type Context, nowSeconds } from '../env.ts'
import {
  type Oldest,
  batchRows,
  deleteOldRows,
  deleteRows,
  oldRows,
  oldestRecords,
} from '../store/old-records.ts'
import { archive } from './archive.ts'
import { daySeconds, startOfDay } from './day.ts'
import { logFailure } from './log.ts'

/**
 * Batches of one run, over all of its databases: with the bucket each is two of the thousand statements that a run may make. Up to a
 * million rows a minute; a hundred million approvals a day leave a third of that.
 */
export const fadePerRun = 350
/** Of one database, so that the minute's work is over within it. */
const mostBatches = 60
/** A database of D1 holds 10 GB. From here on the oldest days go early, because a full one could not even revoke a token. */
const fullAtBytes = 8e9

/** Never throws for one customer's sake: the others' turn comes all the same. */
export async function fadeRecords(
  { env, db, nowMs }: Pick<Context, 'env' | 'db' | 'nowMs'>,
  batches = mostBatches,
  fullBytes = fullAtBytes,
): Promise<void> {
  const { oldest, sizeBytes } = await oldestRecords(db)
  const today = startOfDay(nowSeconds({ nowMs }))
  const full = sizeBytes >= fullBytes
  const share = full ? lessOf(oldest, today) : 1
  if (full)
    console.warn(
      `the database holds ${(sizeBytes / 1e9).toFixed(1)} GB: records leave it after ${Math.round(share * 100)} % of their days`,
    )
  let left = Math.min(batches, mostBatches)
  const due = oldest
    .map((one) => ({ ...one, before: today - Math.floor(one.keptDays * share) * daySeconds }))
    .filter(({ oldestAt, before }) => oldestAt < before)
    .toSorted((one, other) => one.oldestAt - other.oldestAt)
  for (const one of due)
    try {
      for (let more = true; more && left > 0; left--) more = await fadeBatch(env.ARCHIVE, db, one)
    } catch (error) {
      logFailure(`old records stay for now: ${one.kind} of ${one.customer}`, error)
    }
}

/** A little less of everyone's days than is left of them: all kinds shrink alike. Today stays. */
function lessOf(oldest: Oldest[], today: number): number {
  const shares = oldest.map(
    ({ oldestAt, keptDays }) => (today - startOfDay(oldestAt)) / daySeconds / keptDays,
  )
  return 0.98 * Math.min(1, Math.max(0, ...shares))
}

/** @returns whether there may be more of it. */
async function fadeBatch(
  bucket: R2Bucket | undefined,
  db: D1Database,
  one: Oldest & { before: number },
): Promise<boolean> {
  const full = batchRows[one.kind]
  if (!bucket) return (await deleteOldRows(db, one, one.before)) === full
  const rows = await oldRows(db, one, one.before)
  const [first] = rows
  if (!first) return false
  const ofDay = rows.filter(({ at }) => startOfDay(at) === startOfDay(first.at))
  await archive(bucket, one.kind, ofDay)
  await deleteRows(db, one.kind, ofDay)
  return rows.length === full || ofDay.length < rows.length
}
