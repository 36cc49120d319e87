/** The Worker: requests, the minute's cleaning, and the owner's object. */
import { createApp } from './app.ts'
import { endInterruptedChanges } from './challenge/change-tokens.ts'
import { fillKeyPool } from './enrolment/key-pool.ts'
import { random } from './crypto/random.ts'
import { type Env, deploymentOf, nowSeconds } from './env.ts'
import { fadeRecords } from './record/fade.ts'
import { purgeEnrolments } from './store/enrolments.ts'

export { ChallengeCoordinator } from './challenge/coordinator.ts'

const nowMs = () => Date.now()
const app = createApp({ nowMs, random })

export default {
  fetch: app.fetch,
  async scheduled(_event, env) {
    const context = { env, db: env.DB, deployment: await deploymentOf(env), nowMs, random }
    await endInterruptedChanges(context)
    await purgeEnrolments(context.db, nowSeconds(context))
    await fillKeyPool(context)
    await fadeRecords(context)
  },
} satisfies ExportedHandler<Env>
