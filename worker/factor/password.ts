/** Compares a password with those that a name may stand for. Nobody's name costs what somebody's does. */
import type { Context } from '../env.ts'
import { hashPassword, matchesHash } from './hash.ts'
import { inTurn } from './turn.ts'

/** @returns what is kept of a password. */
export const hashNewPassword = (context: Context, password: string): Promise<string> =>
  inTurn(context, () => hashed(context, password))

const hashed = ({ deployment, hashCost }: Context, password: string): Promise<string> =>
  hashPassword(password, deployment.pepper, undefined, hashCost)

/** @param hashes null where there is none. @returns the place of the first that matches, or -1. */
export async function matchingPassword(
  context: Context,
  hashes: (string | null)[],
  password: string,
): Promise<number> {
  const { deployment, hashCost } = context
  const { pepper } = deployment
  return inTurn(context, async () => {
    for (const [place, hash] of hashes.entries())
      if (hash !== null && (await matchesHash(password, hash, pepper, hashCost))) return place
    if (hashes.every((hash) => hash === null)) await hashed(context, password)
    return -1
  })
}
