/** What PINs and passwords are hashed with where it proves nothing that it is dear. What a deployment's hashes cost is held by hashing.test.ts. */
import type { HashCost } from '../../worker/factor/hash.ts'

/** Two cores hash for minutes else. */
export const cheap: HashCost = { N: 16, r: 1, p: 1 }
