/**
 * Guards PIN tries. The hashing is done at the edge; here each try is counted before its outcome is known, so that neither
 * a crash nor a hundred tries at once gives one away. Who guesses waits, by address; the person's other logins do not.
 */
import { copyOf, isLocked, isUsable } from './copy.ts'
import { type Address, type Desk, needStorage, nowSeconds, rows, type TokenCopy } from './desk.ts'
import { setDue } from './due.ts'

const freeTries = 5
const firstWaitSeconds = 10
const longestWaitSeconds = 3600
const forgottenSeconds = 86_400

export type PinCandidates =
  | { ok: true; pins: { serial: string; pinHash: string | null }[] }
  | {
      ok: false
      reason: 'no_tokens' | 'no_suitable_token' | 'locked' | 'revoked' | 'too_many_tries'
      againAt?: number
    }

/** Takes one try for this address. @returns what to compare the PIN with. */
export async function pinCandidates(
  desk: Desk,
  address: Address,
  { serials, from }: { serials?: string[]; from: string },
): Promise<PinCandidates> {
  const copy = await copyOf(desk, address)
  const asked = copy.tokens.filter(({ serial }) => !serials || serials.includes(serial))
  if (asked.length === 0) return { ok: false, reason: 'no_tokens' }
  const usable = asked.filter(isUsable)
  const open = usable.filter((token: TokenCopy) => !isLocked(desk, token))
  if (open.length === 0) {
    if (usable.length > 0) return { ok: false, reason: 'locked' }
    return {
      ok: false,
      reason: asked.every(({ revoked }) => revoked) ? 'revoked' : 'no_suitable_token',
    }
  }
  const now = nowSeconds(desk)
  const scope = `pin/${from}`
  const [row] = rows<{ misses: number; quietUntilAt: number; touchedAt: number }>(
    desk,
    'select misses, quietUntilAt, touchedAt from quiet where scope = ?',
    scope,
  )
  if (row && row.quietUntilAt > now)
    return { ok: false, reason: 'too_many_tries', againAt: row.quietUntilAt }
  const misses = row && row.touchedAt + forgottenSeconds > now ? row.misses + 1 : 1
  const beyond = misses - freeTries
  const waitSeconds =
    beyond < 0 ? 0 : Math.min(firstWaitSeconds * 2 ** Math.min(beyond, 20), longestWaitSeconds)
  needStorage(desk)
  desk.sql.exec(
    'insert or replace into quiet (scope, misses, quietUntilAt, touchedAt) values (?, ?, ?, ?)',
    scope,
    misses,
    now + waitSeconds,
    now,
  )
  setDue(desk, 'limits', (now + forgottenSeconds) * 1000)
  return { ok: true, pins: open.map(({ serial, pinHash }) => ({ serial, pinHash })) }
}

/** The PIN was right: the tries of this address are forgiven. */
export const pinMatched = (desk: Desk, from: string): void =>
  void rows(desk, 'delete from quiet where scope = ?', `pin/${from}`)
