/**
 * The object's copy of its owner: who they are, their tokens, keys and subscriptions. D1 is the truth; a change there is
 * done only when the object has read it again (`refreshCopy`). Fail counters are the object's own and win over D1.
 */
import { readOwner } from '../../store/tokens.ts'
import {
  type Address,
  type Desk,
  type OwnerCopy,
  type TokenCopy,
  needStorage,
  rows,
} from './desk.ts'
import { setDue } from './due.ts'

/** A copy that nothing else keeps goes after this: looking must not leave storage behind for ever. */
const keptMs = 86_400_000

/** Reads D1 at most once while the object lives; an owner without tokens leaves nothing behind. */
export async function copyOf(desk: Desk, address: Address): Promise<OwnerCopy> {
  return keptCopy(desk) ?? refreshCopy(desk, address, desk.generation)
}

/** The copy that this object has, without asking D1: the alarm knows no address. */
export function keptCopy(desk: Desk): OwnerCopy | null {
  if (desk.copy) return desk.copy
  const [kept] = rows<{ copy: string }>(desk, 'select copy from owner')
  return (desk.copy = kept ? (JSON.parse(kept.copy) as OwnerCopy) : null)
}

/** Reads D1 again. Call it after every committed change of the owner's tokens. */
export async function refreshCopy(
  desk: Desk,
  address: Address,
  generation = ++desk.generation,
): Promise<OwnerCopy> {
  const { person, account, tokens } = await readOwner(desk.db, address.ownerId)
  // A later change has been read already. One that is still being read must not hold ours up.
  if (generation < desk.copyGeneration && desk.copy) return desk.copy
  const copy: OwnerCopy = {
    ...address,
    person,
    account,
    tokens: tokens.map(({ failCount: _, ...token }) => token),
  }
  if (tokens.length === 0 && !desk.hasStorage) return copy
  needStorage(desk)
  setDue(desk, 'limits', desk.nowMs() + keptMs)
  desk.sql.exec('insert or replace into owner (id, copy) values (1, ?)', JSON.stringify(copy))
  for (const { serial, failCount } of tokens)
    desk.sql.exec(
      'insert or ignore into counter (serial, failCount) values (?, ?)',
      serial,
      failCount,
    )
  desk.copy = copy
  desk.copyGeneration = generation
  return copy
}

export function failCountOf(desk: Desk, serial: string): number {
  const [row] = rows<{ failCount: number }>(
    desk,
    'select failCount from counter where serial = ?',
    serial,
  )
  return row?.failCount ?? 0
}

export const isLocked = (desk: Desk, token: TokenCopy): boolean =>
  failCountOf(desk, token.serial) >= token.maxFailCount

/** Enrolled, not disabled, not revoked. A locked token is refused apart, because the caller is told so. */
export const isUsable = (token: TokenCopy): boolean =>
  token.enrolled && token.active && !token.revoked && token.deviceId !== null
