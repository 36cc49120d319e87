/**
 * Makes a token of one-time passwords. Its seed is shown once, to whoever made it, and sealed from then on; of recovery codes the
 * codes are shown, because nobody computes them.
 */
import { changeTokens } from '../challenge/change-tokens.ts'
import { ownerIdOf } from '../crypto/owner.ts'
import { seal } from '../crypto/seal.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import {
  type Hashlib,
  type OtpKind,
  type OtpType,
  recoveryCode,
  recoveryCodes,
  recoveryLength,
} from '../factor/otp.ts'
import { hashPin } from '../factor/pin.ts'
import { readSettings } from '../store/settings.ts'
import { insertToken } from '../store/tokens/insert.ts'
import { checkLimits, limitsFor, refuseInsert } from './limits.ts'
import { serialFor } from './serial.ts'

export type OtpWish = {
  customer: string
  person: {
    id: string
    username: string
    resolver: string
    realm: string
    ownerId: OwnerId
  } | null
  /** Realms it is seen in beside the owner's. */
  realms?: string[]
  client?: string | null
  /** A replacement of a lost one may be one too many. */
  unlimited?: boolean
  type: OtpType
  /** '' for a new one. */
  serial: string
  description: string
  /** As typed, or as another token has it. */
  pin: string | { hash: string | null }
  /** null: made here. */
  seed: Uint8Array<ArrayBuffer> | null
  /** null: as the configuration has it. */
  length: number | null
  hashlib: Hashlib
  timeStep: number
  validFrom?: number | null
  validUntil: number | null
  /** A login began it: no token before its first code, which may come until then. */
  finishUntil?: number
}
export type OtpMade = {
  serial: string
  seed: Uint8Array
  codes: string[]
  length: number
  /** For the owner's object, which judges a first code. */
  kind: OtpKind
  sealed: string
}

/** As long as the hash: RFC 4226 §4 R6, RFC 6238 §5.1. */
const seedBytes: Record<Hashlib, number> = { sha1: 20, sha256: 32, sha512: 64 }

/** Seconds that a clock may be off. */
const usualTimeWindow = 180

/** @throws Refusal bad_parameter where the serial is another token's. */
export async function makeOtp(context: Context, wish: OtpWish): Promise<OtpMade> {
  const { master } = context.deployment
  const { customer, person, type, hashlib } = wish
  const serial = serialFor(context, type, wish.serial)
  const ownerId =
    person?.ownerId ??
    (await ownerIdOf(master, { kind: 'token', customer, serial }, context.database))
  const { realms = [], client = null } = wish
  const seenIn = [...new Set([...(person ? [person.realm] : []), ...realms])]
  const limited = { customer, type, person, realms: seenIn, client }
  const limits = wish.unlimited ? [] : await limitsFor(context, limited)
  await checkLimits(context, limits)
  const seed = wish.seed ?? context.random(seedBytes[hashlib])
  const { maxFailCount, countWindow, syncWindow, otpLength } = await readSettings(context, customer)
  const sealed = await seal(master, `seed/${serial}`, seed, context.random)
  const kind: OtpKind = {
    type,
    hashlib,
    timeStep: wish.timeStep,
    length: type === 'recovery' ? recoveryLength : (wish.length ?? otpLength),
    timeWindow: usualTimeWindow,
    countWindow,
    syncWindow,
  }
  const token = {
    serial,
    customer,
    ownerId,
    person: person?.id ?? null,
    realm: person?.realm ?? null,
    realms,
    type,
    ...(wish.finishUntil === undefined
      ? { rolloutState: '' as const }
      : {
          rolloutState: 'clientwait' as const,
          enrolmentExpiresAt: wish.finishUntil,
          begunByLogin: true,
        }),
    description: wish.description,
    pinHash:
      typeof wish.pin === 'string' ? await hashPin(context, wish.pin, ownerId) : wish.pin.hash,
    seed: sealed,
    otpLength: kind.length,
    hashlib,
    timeStep: wish.timeStep,
    timeWindow: usualTimeWindow,
    maxFailCount,
    countWindow,
    syncWindow,
    validFrom: wish.validFrom ?? null,
    validUntil: wish.validUntil,
    createdAt: nowSeconds(context),
    assignedAt: person && nowSeconds(context),
  }
  const made = await changeTokens(context, { ownerId, customer }, () =>
    insertToken(context.db, token, limits),
  )
  if (!made) await refuseInsert(context, serial, limits)
  const codes =
    type === 'recovery'
      ? Array.from({ length: recoveryCodes }, (_, index) => recoveryCode(seed, index))
      : []
  return { serial, seed, codes, length: kind.length, kind, sealed }
}
