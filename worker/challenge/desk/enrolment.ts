/**
 * Open enrolments of this owner. One use, a few tries, and not spent until the device has finished: the same key may ask
 * again, because an answer can be lost on the way; another key may not.
 */
import { enrolmentTries } from '../../../schema/limits.ts'
import { equalSecrets } from '../../crypto/equal.ts'
import { type Desk, needStorage, nowSeconds, rows } from './desk.ts'
import { wakeAt } from './due.ts'

export type EnrolmentBegun = {
  serial: string
  secretHash: string
  codeHash: string
  account: string
  expiresAt: number
  /** The device that made the invitation, and must approve who takes it. */
  movesFrom?: string | null
}
/** By the hash of its secret, for one serial where that is named too, or by that of its typed code, found by its first characters. */
export type EnrolmentProof =
  | { secretHash: string; serial?: string }
  | { serial: string; codeHash: string }
export type EnrolmentSeen =
  | { ok: true; serial: string; account: string; expiresAt: number; movesFrom: string | null }
  | { ok: false; reason: EnrolmentRefusal }
export type EnrolmentRefusal = 'enrolment_unknown' | 'enrolment_expired' | 'enrolment_spent'

type Row = EnrolmentBegun & { tries: number; spentBy: string | null }

export function enrolmentBegun(desk: Desk, begun: EnrolmentBegun): void {
  needStorage(desk)
  desk.sql.exec(
    'insert or replace into enrolment (serial, secretHash, codeHash, account, expiresAt, tries, movesFrom) values (?, ?, ?, ?, ?, 0, ?)',
    begun.serial,
    begun.secretHash,
    begun.codeHash,
    begun.account,
    begun.expiresAt,
    begun.movesFrom ?? null,
  )
  wakeAt(desk, begun.expiresAt * 1000)
}

/** Looks without spending; a wrong typed code counts as a try. */
export function lookAtEnrolment(desk: Desk, proof: EnrolmentProof): EnrolmentSeen {
  const found = find(desk, proof)
  if ('reason' in found) return { ok: false, reason: found.reason }
  const { serial, account, expiresAt, spentBy, movesFrom = null } = found
  if (spentBy !== null) return { ok: false, reason: 'enrolment_spent' }
  return { ok: true, serial, account, expiresAt, movesFrom }
}

/** Binds the enrolment to the first key that proves it. @returns the same for the same key again. */
export function spendEnrolment(
  desk: Desk,
  proof: EnrolmentProof,
  keyThumbprint: string,
): EnrolmentSeen {
  const found = find(desk, proof)
  if ('reason' in found) return { ok: false, reason: found.reason }
  if (found.spentBy !== null && found.spentBy !== keyThumbprint)
    return { ok: false, reason: 'enrolment_spent' }
  rows(desk, 'update enrolment set spentBy = ? where serial = ?', keyThumbprint, found.serial)
  const { serial, account, expiresAt, movesFrom = null } = found
  return { ok: true, serial, account, expiresAt, movesFrom }
}

export const purgeEnrolments = (desk: Desk): void =>
  void rows(desk, 'delete from enrolment where expiresAt <= ?', nowSeconds(desk))

function find(desk: Desk, proof: EnrolmentProof): Row | { reason: EnrolmentRefusal } {
  const row =
    'secretHash' in proof
      ? rows<Row>(desk, 'select * from enrolment where secretHash = ?', proof.secretHash)[0]
      : rows<Row>(desk, 'select * from enrolment where serial = ?', proof.serial)[0]
  if (!row || (proof.serial !== undefined && proof.serial !== row.serial))
    return { reason: 'enrolment_unknown' }
  // Wrong codes use up the code; the link, which nobody guesses, stays good.
  const guessedOut = 'codeHash' in proof && row.tries >= enrolmentTries
  if (row.expiresAt <= nowSeconds(desk) || guessedOut) return { reason: 'enrolment_expired' }
  if ('codeHash' in proof && !equalSecrets(proof.codeHash, row.codeHash)) {
    rows(desk, 'update enrolment set tries = tries + 1 where serial = ?', row.serial)
    return { reason: 'enrolment_unknown' }
  }
  return row
}
