/**
 * Guesses at a secret: each is counted before its outcome is known, so that neither a crash nor a hundred at once gives one
 * away. Who guesses waits, by where they come from; the person's own logins from elsewhere do not.
 */
import { type Desk, nowSeconds } from './desk.ts'
import { type Growth, addMiss, quietUntil } from './waits.ts'

const growth: Growth = { from: 5, firstSeconds: 10, longestSeconds: 3600, forgottenSeconds: 86_400 }

export type Try = { ok: true } | { ok: false; reason: 'too_many_tries'; againAt: number }

/** Takes one try. Whoever turns out to be right is forgiven by `forgive`. */
export function takeTry(desk: Desk, scope: string): Try {
  const now = nowSeconds(desk)
  const againAt = quietUntil(desk, scope, now)
  if (againAt !== null) return { ok: false, reason: 'too_many_tries', againAt }
  addMiss(desk, scope, growth, now)
  return { ok: true }
}
