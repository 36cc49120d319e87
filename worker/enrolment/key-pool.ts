/** Keeps RSA keys ready for stock phones. Part of the minute's work, so that no request ever waits for one to be made. */
import { newServerKey } from '../crypto/server-key.ts'
import { type Context, nowSeconds } from '../env.ts'
import { customersWithoutSpare, freeServerKeys, insertServerKey } from '../store/server-keys.ts'

/** A key costs a tenth of a second of CPU, and a request that comes meanwhile waits for it: so many a minute disturb nobody. */
export const keysPerRun = 5
/** More phones than enrol in one go where people are invited one by one; where a thousand come in a minute, the spare serves. */
export const poolSize = 60

/**
 * Spares first: without one a customer whose pool is empty could enrol nobody.
 * @param most how many at the most.
 */
export async function fillKeyPool(context: Context, most = keysPerRun): Promise<void> {
  const { db, database, deployment } = context
  const spares = (await customersWithoutSpare(db, database)).slice(0, most)
  const missing = Math.max(0, poolSize - (await freeServerKeys(db)))
  const pooled = Array.from({ length: Math.min(most - spares.length, missing) }, () => null)
  const now = { random: context.random, nowSeconds: nowSeconds(context) }
  for (const customer of [...spares, ...pooled])
    await insertServerKey(db, await newServerKey(deployment.master, customer, now))
}
