/**
 * What this device keeps, in IndexedDB, shared by the page and the service worker. Private keys are CryptoKey objects
 * that cannot be exported; they have a store of their own, so that an account whose key the browser lost is still known.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { KeyChain } from '../../../schema/chain.ts'
import type { PublicJwk } from '../../../schema/jws.ts'
import type { ChallengeClaims } from '../../../schema/signing.ts'

/** `key_lost`: the browser has no key for it any more. `retired`: the server does not know it any more. */
export type Standing = 'active' | 'key_lost' | 'retired'

/** One account of one person on this device. */
export type Enrolment = {
  deviceId: string
  serial: string
  issuer: string
  account: string
  deviceName: string
  /** Pinned at enrolment: whoever cannot show a chain from this key is not our server. */
  rootThumbprint: string
  publicKey: PublicJwk
  chain: KeyChain | null
  enrolledAt: number
  standing: Standing
  /** The push endpoint the server was last told, or null. */
  endpoint: string | null
  /** The WebAuthn credential that confirms approvals with a finger, a face or a PIN, where there is one. */
  verifierId: string | null
  /** The six-digit codes that it shows, where it has any. Their key is beside its own. */
  codes: Codes | null
}

export type Codes = { digits: number; stepSeconds: number }

export type KeyPair = {
  publicKey: PublicJwk
  privateKey: CryptoKey
  /** Of a draft: what the seed of its codes is sealed to. */
  agreement?: CryptoKeyPair
}

/** How an asked sign-in ended, as this device saw it. `open`: not ended when last seen. */
export type HistoryResult =
  | 'open'
  | 'approved'
  | 'declined'
  | 'cancelled'
  | 'wrong_code'
  | 'too_late'
  | 'elsewhere'

export type HistoryEntry = {
  challenge: string
  deviceId: string
  account: string
  application: string
  origin: ChallengeClaims['origin']
  askedAt: number
  expiresAt: number
  endedAt: number | null
  result: HistoryResult
}

interface Kept extends DBSchema {
  enrolments: { key: string; value: Enrolment }
  keys: { key: string; value: CryptoKey }
  /** Key pairs of enrolments that were begun, by the invitation's hash: a finish that was cut off is repeated with the same key. */
  drafts: { key: string; value: KeyPair }
  history: { key: string; value: HistoryEntry; indexes: { askedAt: number } }
  settings: { key: string; value: string }
}

export type Database = IDBPDatabase<Kept>

let opened: Promise<Database> | null = null

export function database(): Promise<Database> {
  opened ??= openDB<Kept>('countersign', 1, {
    upgrade(db) {
      db.createObjectStore('enrolments', { keyPath: 'deviceId' })
      db.createObjectStore('keys')
      db.createObjectStore('drafts')
      db.createObjectStore('history', { keyPath: 'challenge' }).createIndex('askedAt', 'askedAt')
      db.createObjectStore('settings')
    },
    terminated() {
      opened = null
    },
  }).catch((error: unknown) => {
    opened = null
    throw error
  })
  return opened
}
