/** What `env` and `exports` hold in these tests: the worker's own, and the migrations to begin with. */
type WorkerEnv = import('../../worker/env.ts').Env

declare namespace Cloudflare {
  interface Env extends WorkerEnv {
    TEST_MIGRATIONS: import('cloudflare:test').D1Migration[]
    /** '' in the short form. */
    TEST_FULL: string
    TEST_FUZZ: { requests: string; seed: string }
  }
  interface GlobalProps {
    mainModule: typeof import('../../worker/index.ts')
    durableNamespaces: 'ChallengeCoordinator'
  }
}
