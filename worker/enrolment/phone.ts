/**
 * Binds a stock phone to the token that waits for it, and takes Firebase's new address for it. The phone's key is judged here; our
 * own comes from the pool and is never made while somebody waits.
 */
import { sha256 } from '../../schema/encoding.ts'
import { phoneFbTokenText } from '../../schema/signing.ts'
import { changeTokens } from '../challenge/change-tokens.ts'
import { checkTimestamp } from '../challenge/phone.ts'
import { reach } from '../challenge/reach.ts'
import { isSignedByPhone, phoneKeyOf } from '../crypto/rsa.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { writeAudit } from '../record/audit.ts'
import { tellEnrolled } from '../webhook/tell.ts'
import { enrolPhone, phoneNamed, setFbtoken } from '../store/phones.ts'
import { takeServerKey } from '../store/server-keys.ts'
import { findToken } from '../store/tokens/find.ts'
import { ownerInvited } from './invitation.ts'

export type PhoneEnrolling = {
  serial: string
  credential: string
  publicKey: string
  fbtoken: string
  /** As the app sends them: JSON of a list. */
  capabilities: string
}

/** What apps without Firebase send in place of its address. */
const noFbtoken = ['no_firebase_token', 'poll-only-no-fbtoken']
const deviceName = 'privacyIDEA Authenticator'

/** @returns our public key for it: PKCS #1, base64. @throws Refusal not_waiting · wrong_credential · bad_parameter · unavailable */
export async function finishByPhone(
  context: Context,
  customer: string,
  { serial, credential, fbtoken, capabilities, ...given }: PhoneEnrolling,
): Promise<string> {
  const token = await findToken(context.db, serial)
  const waits = token?.type === 'push' && token.rolloutState === 'clientwait' && !token.revoked
  // A stock phone signs no text: it could not say which dangerous act an administrator approves.
  if (token?.customer !== customer || !waits || token.account !== null)
    refuse({ reason: 'not_waiting' })
  if ((await ownerInvited(context, credential)) !== token.ownerId)
    refuse({ reason: 'wrong_credential' })
  const publicKey = given.publicKey.trim().replaceAll(' ', '+')
  const judged = await phoneKeyOf(publicKey)
  if ('problem' in judged)
    refuse({ reason: 'bad_parameter', field: 'pubkey', mend: judged.problem })
  checkFbtoken(fbtoken, 'fbtoken')
  const understood = capabilitiesOf(capabilities)

  const address = { ownerId: token.ownerId as OwnerId, customer }
  const proof = { secretHash: await sha256(credential), serial }
  const bound = await sha256(publicKey)
  const spent = await reach(context, address, (object) => object.spendEnrolment(proof, bound))
  if (!spent.ok) refuse({ reason: 'wrong_credential' })
  const serverKey = await takeServerKey(context.db, customer, serial)
  if (serverKey === null) refuse({ reason: 'unavailable' })
  const phone = {
    ...{ serial, publicKey, serverKey, capabilities: understood },
    fbtoken: noFbtoken.includes(fbtoken) ? '' : fbtoken,
  }
  const enrolled = await changeTokens(context, address, () =>
    enrolPhone(context.db, phone, { deviceName, enrolledAt: nowSeconds(context) }),
  )
  if (!enrolled) refuse({ reason: 'wrong_credential' })
  await writeAudit(context, {
    customer,
    action: 'enrolment_finish',
    success: true,
    serial,
    realm: token.realm ?? undefined,
    detail: { deviceName },
  })
  await tellEnrolled(context, { ...token, deviceName, enrolledAt: nowSeconds(context) })
  return enrolled.serverKey
}

/** Firebase's are some 160 characters. */
const longestFbtoken = 1024

function checkFbtoken(fbtoken: string, field: string): void {
  if (fbtoken.length > longestFbtoken)
    refuse({ reason: 'bad_parameter', field, mend: `must be at most ${longestFbtoken} characters` })
}

/** What it says it understands; names of ours are few, and what is no list of names is none. */
function capabilitiesOf(text: string): string[] {
  if (text === '') return []
  try {
    const parsed: unknown = JSON.parse(text)
    const names = Array.isArray(parsed) ? parsed.filter((name) => typeof name === 'string') : []
    return names.filter((name) => name.length <= 64).slice(0, 16)
  } catch {
    return refuse({
      reason: 'bad_parameter',
      field: 'capabilities',
      mend: 'must be a JSON list of names',
    })
  }
}

export type FbtokenUpdate = {
  serial: string
  fbtoken: string
  timestamp: string
  signature: string
}

const updateSkewSeconds = 300

/** An older one that is sent again changes nothing. @throws Refusal phone_timestamp · phone_signature */
export async function updateFbtoken(
  context: Context,
  customer: string,
  { serial, fbtoken, timestamp, signature }: FbtokenUpdate,
): Promise<void> {
  const fbtokenAtMs = checkTimestamp(context, timestamp, updateSkewSeconds)
  const phone = await phoneNamed(context, customer, serial)
  const signed = phoneFbTokenText({ fbtoken, serial, timestamp })
  if (!phone || !(await isSignedByPhone(phone.key, signed, signature)))
    refuse({ reason: 'phone_signature' })
  checkFbtoken(fbtoken, 'new_fb_token')
  const address = { ownerId: phone.ownerId, customer }
  await changeTokens(context, address, () =>
    setFbtoken(context.db, serial, { fbtoken, fbtokenAtMs }),
  )
}
