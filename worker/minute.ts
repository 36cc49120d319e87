/** The minute's work: what was interrupted is ended, what is over is forgotten, and keys are made in advance. */
import { endInterruptedChanges } from './challenge/change-tokens.ts'
import { random } from './crypto/random.ts'
import { fillKeyPool, keysPerRun } from './enrolment/key-pool.ts'
import { type Context, type Env, deploymentOf, nowSeconds } from './env.ts'
import { tendKeys } from './grant/keys.ts'
import { fadePerRun, fadeRecords } from './record/fade.ts'
import { logFailure } from './record/log.ts'
import { databasesOf, inDatabase, inTurn } from './store/databases.ts'
import { purgeEnrolments } from './store/enrolments.ts'
import { purgeSignIns } from './store/sign-ins.ts'

/** @param atMs when it was due: it says whose turn it is where there are many databases. */
export async function tend(env: Env, nowMs: () => number, atMs: number): Promise<void> {
  const deployment = await deploymentOf(env)
  const first: Context = { env, database: 0, db: env.DB, deployment, nowMs, random }
  const databases = inTurn(databasesOf(env), Math.floor(atMs / 60_000))
  const keysEach = Math.max(1, Math.floor(keysPerRun / databases.length))
  const fadeEach = Math.floor(fadePerRun / databases.length)
  for (const database of databases) {
    const context = inDatabase(first, database) ?? first
    try {
      await endInterruptedChanges(context)
      await purgeEnrolments(context.db, nowSeconds(context))
      await fillKeyPool(context, keysEach)
      await purgeSignIns(context.db, nowSeconds(context))
      if (database === 0) await tendKeys(context)
      await fadeRecords(context, fadeEach)
    } catch (error) {
      // One that cannot be reached keeps nothing of the others from being done.
      logFailure(`the minute's work failed in database ${database}`, error)
    }
  }
}
