/** Compares a password with those that a name may stand for. Nobody's name costs what somebody's does. */
import type { Context } from '../env.ts'
import { hashPassword, matchesHash } from './hash.ts'
import { inTurn } from './turn.ts'

/** @param hashes null where there is none. @returns the place of the first that matches, or -1. */
export async function matchingPassword(
  context: Context,
  hashes: (string | null)[],
  password: string,
): Promise<number> {
  const { pepper } = context.deployment
  return inTurn(context, async () => {
    for (const [place, hash] of hashes.entries())
      if (hash !== null && (await matchesHash(password, hash, pepper))) return place
    if (hashes.every((hash) => hash === null)) await hashPassword(password, pepper)
    return -1
  })
}
