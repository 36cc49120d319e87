/** What a trigger asks of the object, and what comes of it. */
import type { Origin } from '../../../schema/signing.ts'
import type { TokenType } from '../../store/tokens/row.ts'
import type { AskedSettings } from './settings.ts'
import type { Ping } from './transaction.ts'
import type { Match, PhoneTerms } from '../presence.ts'

export type TriggerRequest = {
  transactionId: string
  challenge: string
  application: { id: string; name: string }
  /** The application has a webhook: it is told how this ends. */
  isTold: boolean
  origin: Origin
  /** The address that budgets count by, where one is known. */
  client: string | null
  /** Only these tokens; all usable ones where absent. */
  serials?: string[]
  types?: string[]
  /** The caller has shown a first factor of this person. */
  firstFactor: boolean
  settings: AskedSettings
  title?: string
  text?: string
  /** Which new device is to be let in. */
  newDevice?: { thumbprint: string; name: string }
  /** For those of the tokens that are stock phones. */
  phone: PhoneTerms
  ping?: Ping
  idempotency?: { key: string; requestHash: string }
}

export type Triggered = {
  ok: true
  transactionId: string
  challenge: string
  serials: string[]
  /** spare: a device's own codes and recovery codes, for when it cannot be reached. */
  challenges: { serial: string; type: TokenType; match: Match; spare: boolean }[]
  match: 'code' | 'none'
  /** What is pressed on stock phones follows from it; null where none is asked to. */
  pick: Pick<PhoneTerms, 'among' | 'options'> | null
  answerableUntilAt: number
  notified: boolean
  /** Names of the devices that a push or an open app shows it on. The others find it when they are opened. */
  sentTo: string[]
  /** Where not notified: when a further request would ring again. */
  quietUntilAt?: number
}
export type NotTriggered = {
  ok: false
  reason: 'no_tokens' | 'no_suitable_token' | 'locked' | 'revoked' | 'idempotency_conflict'
}
