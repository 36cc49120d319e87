/** How long what logins leave behind stays in the database, set by POST /system/setConfig like the numbers of settings.ts. */
import { type Configured, configNumber, configProblem, configured } from './settings.ts'

/** Tables that grow with every login. */
export type Kind = 'audit' | 'deliveries' | 'receipts'
export const kinds: readonly Kind[] = ['audit', 'deliveries', 'receipts']

/**
 * An approval leaves 0.4 kB of audit, 0.2 kB of deliveries and 2.1 kB of receipt. Kept as long as here, 24,000 a day fill the 8 of a
 * database's 10 GB that the trail may have: a year of who did what, a month to look into pushes, a quarter to dispute an approval.
 */
export const kept = {
  audit: {
    config: 'AuditKeptDays',
    default: 365,
    min: 1,
    max: 3650,
    meaning: 'How many full days the audit trail stays in the database.',
  },
  deliveries: {
    config: 'DeliveryKeptDays',
    default: 30,
    min: 1,
    max: 3650,
    meaning: 'How many full days it stays in the database how each push went.',
  },
  receipts: {
    config: 'ReceiptKeptDays',
    default: 90,
    min: 1,
    max: 3650,
    meaning: 'How many full days the receipts of approvals stay in the database.',
  },
} as const satisfies Record<Kind, Configured>

/** Everything that POST /system/setConfig sets and something obeys. */
export const configurable: readonly Configured[] = [...configured, ...Object.values(kept)]

/** @param value as it was set, or undefined where it was not. */
export function keptDays(kind: Kind, value: string | undefined): number {
  const days = value === undefined ? kept[kind].default : configNumber(value)
  return configProblem(kept[kind], days) === null ? days : kept[kind].default
}
