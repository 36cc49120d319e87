/** Of an enrolment that a login began and nobody finished: its token goes, and what was shown for it is good no more. */
import { type Desk, rows } from './desk.ts'
import { record } from './outbox.ts'
import type { Transaction } from './transaction.ts'

/** Call it in the turn that ends the transaction. */
export function takeBack(desk: Desk, { enrolment }: Transaction): void {
  if (!enrolment) return
  rows(desk, 'delete from enrolment where serial = ?', enrolment.serial)
  record(desk, { kind: 'enrolment_over', body: { serial: enrolment.serial } })
}
