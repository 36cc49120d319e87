/** The Worker: requests, the minute's cleaning, and the owner's object. */
import { createApp } from './app.ts'
import { endInterruptedChanges } from './challenge/change-tokens.ts'
import { fillKeyPool, keysPerRun } from './enrolment/key-pool.ts'
import { random } from './crypto/random.ts'
import { type Context, type Env, deploymentOf, nowSeconds } from './env.ts'
import { tendKeys } from './grant/keys.ts'
import { logFailure } from './record/log.ts'
import { databasesOf, inDatabase, inTurn } from './store/databases.ts'
import { fadePerRun, fadeRecords } from './record/fade.ts'
import { purgeEnrolments } from './store/enrolments.ts'
import { purgeSignIns } from './store/sign-ins.ts'

export { ChallengeCoordinator } from './challenge/coordinator.ts'
export { ConnectorHub } from './connector/hub.ts'
export { Messenger } from './webhook/messenger.ts'

const nowMs = () => Date.now()
const app = createApp({ nowMs, random })

export default {
  fetch: app.fetch,
  async scheduled({ scheduledTime }, env) {
    const deployment = await deploymentOf(env)
    const first: Context = { env, database: 0, db: env.DB, deployment, nowMs, random }
    const databases = inTurn(databasesOf(env), Math.floor(scheduledTime / 60_000))
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
  },
} satisfies ExportedHandler<Env>
