/** What a file of tokens says, whoever wrote it, and what becomes of each of its rows. Nothing here is told with its seed. */
import type { Hashlib } from '../factor/otp.ts'

export type Load = {
  customer: string
  dryRun: boolean
}

/** Which row of the file, by the number that its reader sees, and what it is about. */
export type Row = { row: number; serial?: string; user?: string; policy?: string }

export type Owner = {
  username: string
  /** '' for the default one. */
  realm: string
  /** '' for whichever has the name. */
  resolver: string
}

export type TokenFound = Row & {
  serial: string
  type: 'hotp' | 'totp'
  seed: Uint8Array<ArrayBuffer>
  length: number
  hashlib: Hashlib
  timeStep: number
  /** The first counter or step that is still good. */
  counter: number
  /** Seconds. */
  timeShift: number
  description: string
  owner: Owner | null
  /** As it shall be kept; null for none. */
  pinHash: string | null
  active: boolean
  revoked: boolean
  failCount: number
  /** null: as for a new token here. */
  maxFailCount: number | null
  countWindow: number | null
  syncWindow: number | null
  timeWindow: number | null
  /** Epoch seconds; null for ever. */
  validUntil: number | null
  /** Realms beside the owner's. */
  realms: string[]
  /** What the report says beside "taken". */
  note: string
}

export type Left = Row & { why: string }
export type Found<T> = { rows: T[]; left: Left[] }

export type Outcome = Row & {
  outcome: 'taken' | 'already there' | 'left'
  why?: string
}

/** What a format does not say. */
export const plainToken = {
  type: 'hotp',
  length: 6,
  hashlib: 'sha1',
  timeStep: 30,
  counter: 0,
  timeShift: 0,
  description: '',
  owner: null,
  pinHash: null,
  active: true,
  revoked: false,
  failCount: 0,
  maxFailCount: null,
  countWindow: null,
  syncWindow: null,
  timeWindow: null,
  validUntil: null,
  realms: [] as string[],
  note: '',
} as const satisfies Partial<TokenFound>

/** A file larger than this is loaded in parts. */
export const rowsAtOnce = 5000

export const taken = ({ row, serial, user, policy }: Row, why = ''): Outcome => ({
  ...told({ row, serial, user, policy }),
  outcome: 'taken',
  ...(why !== '' && { why }),
})
export const alreadyThere = (one: Row): Outcome => ({ ...told(one), outcome: 'already there' })
export const left = (one: Row, why: string): Outcome => ({ ...told(one), outcome: 'left', why })

/** A name in a report is as long as a name can be. */
const longest = 256

function told({ row, serial, user, policy }: { [K in keyof Row]: Row[K] | undefined }): Row {
  return {
    row: row ?? 0,
    ...(serial && { serial: serial.slice(0, longest) }),
    ...(user && { user: user.slice(0, longest) }),
    ...(policy && { policy: policy.slice(0, longest) }),
  }
}
