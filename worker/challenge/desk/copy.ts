/**
 * The object's copy of its owner: who they are, their tokens, keys and subscriptions. D1 is the truth; a change there is
 * done only when the object has read it again (`readChange`). Fail counters are the object's own and win over D1.
 */
import { type OwnerRead, readOwner } from '../../store/owner.ts'
import {
  type Desk,
  type Found,
  type OwnerCopy,
  type Seen,
  type TokenCopy,
  needStorage,
  nowSeconds,
  rows,
} from './desk.ts'
import { keepCounters, takeCounters } from './counters.ts'
import { wakeAt } from './due.ts'
import { drain } from './outbox.ts'

/** A copy that nothing else keeps goes after this. */
const keptMs = 86_400_000

/**
 * What an edge has seen is taken for so long, and by an object without storage alone. Such a one has changed nothing in D1 since, and
 * heard of no change: for longer than that after either it has storage (`lingersMs`).
 */
const seenMs = 3000
/** Less than the ten seconds after which the runtime may put an object to sleep, which forgets when that was. */
export const lingersMs = 8000

/** Reads D1 at most once while the object lives, and not at all where whoever calls has just read it. */
export async function copyOf(desk: Desk, address: Found, seen?: Seen): Promise<OwnerCopy> {
  const kept = keptCopy(desk)
  if (!kept) {
    // It may be older than a change that is being read right now, which takes its place.
    return seen && !desk.hasStorage && Math.abs(desk.nowMs() - seen.readAtMs) < seenMs
      ? takeCopy(desk, address, seen.owner)
      : firstCopy(desk, address)
  }
  // Who has no rows, and was found by a sealed id, is known once somebody comes who knows.
  kept.customer ||= address.customer ?? ''
  return kept
}

/** The copy that this object has, without asking D1: the alarm knows no address. */
export function keptCopy(desk: Desk): OwnerCopy | null {
  if (desk.copy) return desk.copy
  const [kept] = rows<{ copy: string }>(desk, 'select copy from owner')
  return (desk.copy = kept ? (JSON.parse(kept.copy) as OwnerCopy) : null)
}

async function firstCopy(desk: Desk, address: Found): Promise<OwnerCopy> {
  for (;;) {
    const { generation } = desk
    const owner = await readNow(desk, address)
    // Whoever was quicker read what is as new, or a later change.
    if (desk.copy) return desk.copy
    if (generation === desk.generation) return takeCopy(desk, address, owner)
  }
}

/**
 * Reads D1 again, after a committed change of the owner's tokens. Where it is new a copy is kept, be it of nothing: so the change is
 * in force whatever an edge has seen before it (`seenMs`).
 */
export async function readChange(desk: Desk, address: Found, doneAtMs: number): Promise<OwnerCopy> {
  const generation = ++desk.generation
  const owner = await readNow(desk, address)
  if (desk.nowMs() - doneAtMs < lingersMs) needStorage(desk)
  // A later change has been read already. One that is still being read must not hold ours up.
  if (generation < desk.copyGeneration && desk.copy) return desk.copy
  desk.copyGeneration = generation
  return takeCopy(desk, address, owner)
}

async function readNow(desk: Desk, { ownerId }: Found): Promise<OwnerRead> {
  // What D1 has yet to learn of these tokens would else be read as it was before.
  await drain(desk)
  return readOwner(desk.db, ownerId)
}

function takeCopy(
  desk: Desk,
  address: Found,
  { person, account, customer, tokens: found }: OwnerRead,
): OwnerCopy {
  const tokens = found.filter(({ serial }) => !isHandedOver(desk, serial))
  for (const serial of desk.handedOver.keys())
    if (!found.some((token) => token.serial === serial)) desk.handedOver.delete(serial)
  const copy: OwnerCopy = {
    ownerId: address.ownerId,
    customer: customer ?? address.customer ?? keptCopy(desk)?.customer ?? '',
    person,
    account,
    tokens: tokens.map(withoutCounters),
  }
  takeCounters(desk, found)
  desk.copy = copy
  if (desk.hasStorage) {
    wakeAt(desk, keep(desk, copy))
    return copy
  }
  // In memory alone: a look leaves nothing behind. Who has nothing, or does not exist, leaves nothing later either.
  desk.keepOwner =
    found.length === 0
      ? null
      : () => {
          keep(desk, copy)
          keepCounters(desk)
        }
  return copy
}

/** @returns when it goes, where nothing else keeps it: an alarm that rings before sees to it. */
function keep(desk: Desk, copy: OwnerCopy): number {
  const keptUntilMs = desk.nowMs() + keptMs
  desk.sql.exec(
    'insert or replace into owner (id, copy, keptUntilMs) values (1, ?, ?)',
    JSON.stringify(copy),
    keptUntilMs,
  )
  return keptUntilMs
}

const withoutCounters = ({
  failCount: _,
  counter: __,
  timeShift: ___,
  lastAuthAt: ____,
  countAuth: _____,
  countAuthSuccess: ______,
  ...token
}: OwnerRead['tokens'][number]): TokenCopy => token

const isHandedOver = (desk: Desk, serial: string): boolean =>
  (desk.handedOver.get(serial) ?? 0) > desk.nowMs()

/** Now is not within its time. */
export const isOutside = (desk: Desk, { validFrom, validUntil }: TokenCopy): boolean =>
  (validUntil !== null && validUntil <= nowSeconds(desk)) || (validFrom ?? 0) > nowSeconds(desk)

/** Another device let it in, not long ago: it may read, and answers nothing. */
export const isHeld = (desk: Desk, { heldUntil }: TokenCopy): boolean =>
  (heldUntil ?? 0) > nowSeconds(desk)

/** What it is called where its person reads that it was added. */
export const addedName = ({ type, deviceName, description, serial }: TokenCopy): string =>
  deviceName || description || (type === 'passkey' ? 'Passkey' : serial)

/** Another device let it in, not long ago: any other may stop it. */
export const isStoppable = (desk: Desk, { stoppableUntil }: TokenCopy): boolean =>
  (stoppableUntil ?? 0) > nowSeconds(desk)

/** Good for a login. */
export const mayAnswer = (desk: Desk, token: TokenCopy): boolean =>
  isUsable(desk, token) && !isHeld(desk, token)

/** Enrolled, not disabled, not revoked, not over. A locked token is refused apart, because the caller is told so. */
export const isUsable = (desk: Desk, token: TokenCopy): boolean =>
  token.active && !token.revoked && !isOutside(desk, token) && isWhole(token)

/** It has what it answers with. */
function isWhole({ type, enrolled, deviceId, phone, passkey, otp }: TokenCopy): boolean {
  if (type === 'push') return enrolled && (deviceId !== null || phone !== null)
  return type === 'passkey' ? enrolled && typeof passkey === 'string' : otp !== null
}

export const tokenCopy = (desk: Desk, serial: string): TokenCopy | undefined =>
  keptCopy(desk)?.tokens.find((token) => token.serial === serial)

/** After a change of the copy that D1 learns through the outbox. */
export const keepCopy = (desk: Desk): void =>
  void rows(desk, 'update owner set copy = ?', JSON.stringify(desk.copy))
