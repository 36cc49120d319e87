/** Our worker, with cheap hashes: an argument that worker/index.ts does not give, and no binding can. */
import { createApp } from '../../worker/app.ts'
import { random } from '../../worker/crypto/random.ts'
import ours from '../../worker/index.ts'
import { cheap } from '../worker/hash-cost.ts'

export { ChallengeCoordinator, ConnectorHub, Messenger } from '../../worker/index.ts'

const app = createApp({ nowMs: () => Date.now(), random, hashCost: cheap })

export default { ...ours, fetch: app.fetch }
