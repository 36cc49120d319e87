/**
 * Guesses at a secret: each is counted before its outcome is known, so that neither a crash nor a hundred at once gives one
 * away. Who guesses waits, by where they come from; the person's own logins from elsewhere do not.
 */
import { type Desk, nowSeconds } from './desk.ts'
import { type Growth, addMiss, quietUntil } from './waits.ts'

/** `address`: one place of its own. `anywhere`: nobody knows from where, so that many people share what is counted. */
export type GuessedFrom = 'address' | 'anywhere'

const usual: Growth = { from: 5, firstSeconds: 10, longestSeconds: 3600, forgottenSeconds: 86_400 }
/** What is shared stays open for longer and closes for less: a stranger's guesses must not keep the person out. */
const shared: Growth = { from: 50, firstSeconds: 10, longestSeconds: 60, forgottenSeconds: 86_400 }

export type Try = { ok: true } | { ok: false; reason: 'too_many_tries'; againAt: number }

/** Takes one try. Whoever turns out to be right is forgiven by `forgive`. */
export function takeTry(desk: Desk, scope: string, from: GuessedFrom): Try {
  const now = nowSeconds(desk)
  const againAt = quietUntil(desk, scope, now)
  if (againAt !== null) return { ok: false, reason: 'too_many_tries', againAt }
  addMiss(desk, scope, from === 'address' ? usual : shared, now)
  return { ok: true }
}
