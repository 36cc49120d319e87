/** The Worker: requests, the minute's cleaning, and the owner's object. */
import { createApp } from './app.ts'
import type { Env } from './env.ts'
import { purgeEnrolments } from './store/enrolments.ts'

export { ChallengeCoordinator } from './challenge/coordinator.ts'

const app = createApp()

export default {
  fetch: app.fetch,
  async scheduled(_event, env) {
    await purgeEnrolments(env.DB, Math.floor(Date.now() / 1000))
  },
} satisfies ExportedHandler<Env>
