/**
 * The six-digit codes of our own app: a token of one-time passwords that is made when the device enrols, without a further scan, and
 * is worth what the device is. Its seed is random, kept sealed, and leaves sealed to a key of the device's: neither the invitation
 * nor whoever sees or repeats the exchange can make it.
 */
import type { EnrolmentFinishAnswer } from '../../schema/device.ts'
import { sealTo } from '../../schema/sealed.ts'
import { seal, unseal } from '../crypto/seal.ts'
import { type Context, nowSeconds } from '../env.ts'
import { findPerson } from '../store/people.ts'
import { saidOf } from '../store/policies.ts'
import { readSettings } from '../store/settings.ts'
import { findCodesOf } from '../store/tokens/find.ts'
import { insertToken } from '../store/tokens/insert.ts'
import type { TokenRow } from '../store/tokens/row.ts'
import { serialFor } from './serial.ts'

/** As long as the hash: RFC 6238 §5.1. */
const seedBytes = 32
const hashlib = 'sha256'
const stepSeconds = 30
/** The app goes by the server's clock, so its codes are hardly ever off: fewer are good at a time. */
const timeWindowSeconds = 60

/** To be called where the owner's object is told afterwards. @returns those that this device has already, or null where it gets none. */
export async function makeCodes(context: Context, device: TokenRow): Promise<TokenRow | null> {
  const there = await findCodesOf(context.db, device.serial)
  if (there || !(await mayHaveCodes(context, device))) return there
  const { customer, ownerId, person, realm, realms } = device
  const { otpLength, maxFailCount, countWindow, syncWindow } = await readSettings(context, customer)
  const serial = serialFor(context, 'totp')
  const seed = context.random(seedBytes)
  const now = nowSeconds(context)
  await insertToken(context.db, {
    ...{ serial, customer, ownerId, person, realm, realms, hashlib, otpLength },
    ...{ maxFailCount, countWindow, syncWindow },
    type: 'totp',
    rolloutState: '',
    device: device.serial,
    description: device.deviceName,
    seed: await seal(context.deployment.master, `seed/${serial}`, seed, context.random),
    timeStep: stepSeconds,
    timeWindow: timeWindowSeconds,
    createdAt: now,
    assignedAt: person === null ? null : now,
  })
  // Two finishes of the same device at once: the first one's are the codes.
  return findCodesOf(context.db, device.serial)
}

/** @param agreement the device's key. */
export async function sealCodes(
  context: Context,
  codes: TokenRow,
  agreement: CryptoKey,
): Promise<EnrolmentFinishAnswer['codes']> {
  const { serial, otpLength, timeStep } = codes
  const seed = await unseal(context.deployment.master, `seed/${serial}`, codes.seed ?? '')
  if (!seed) return undefined
  return {
    serial,
    seed: await sealTo(agreement, seed, serial),
    digits: otpLength,
    stepSeconds: timeStep,
    hash: 'SHA-256',
  }
}

/**
 * An administrator's device has none: what is dangerous is approved by a signature. Where approvals ask for a finger, a face or a
 * PIN, a code that asks for none would be the way around it.
 */
async function mayHaveCodes(context: Context, device: TokenRow): Promise<boolean> {
  if (device.account !== null) return false
  const { customer, realm } = device
  const person = device.person === null ? null : await findPerson(context, device.person)
  const about = person
    ? { user: person.username, resolver: person.resolver, ...(realm !== null && { realm }) }
    : {}
  const said = await saidOf(context, customer, 'enrollment', 'push_device_codes', about)
  if (said !== null) return said === 'allow'
  return (await readSettings(context, customer, about)).userVerification === 0
}
