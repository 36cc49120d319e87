/**
 * The Worker: requests, the minute's work, and the objects. What each of them runs is imported when it is first asked for: V8 only
 * skims it until then, and an isolate starts in half the time.
 */
import { createApp } from './app.ts'
import { random } from './crypto/random.ts'
import type { Env } from './env.ts'

export { ChallengeCoordinator } from './challenge/coordinator.ts'
export { ConnectorHub } from './connector/hub.ts'
export { Messenger } from './webhook/messenger.ts'

const nowMs = () => Date.now()
const app = createApp({ nowMs, random })

export default {
  fetch: app.fetch,
  async scheduled({ scheduledTime }, env) {
    const { tend } = await import('./minute.ts')
    await tend(env, nowMs, scheduledTime)
  },
} satisfies ExportedHandler<Env>
