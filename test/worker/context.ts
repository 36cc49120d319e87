/** A request's context, for what is called by itself. */
import { env } from 'cloudflare:workers'
import { random } from '../../worker/crypto/random.ts'
import { type Context, deploymentOf } from '../../worker/env.ts'

export const contextHere = async (other: Partial<Context> = {}): Promise<Context> => ({
  env,
  database: 0,
  db: env.DB,
  deployment: await deploymentOf(env),
  nowMs: Date.now,
  random,
  ...other,
})
