/**
 * A login by a passkey: nobody is named before it, and nothing is kept for it. Its challenge proves itself, the signature is checked
 * here, and the owner's object uses it up, once.
 */
import { verifyAuthenticationResponse } from '@simplewebauthn/server'
import { fromBase64url, toBase64url } from '../../schema/encoding.ts'
import { equalSecrets } from '../crypto/equal.ts'
import { isSigned, makeChallenge, openChallenge, userHandleOf } from '../crypto/passkey.ts'
import { type Context, nowSeconds } from '../env.ts'
import { writeAudit } from '../record/audit.ts'
import { type Passkey, findPasskey } from '../store/passkeys.ts'
import { readSettings } from '../store/settings.ts'
import type { PasskeyOutcome } from './desk/passkey.ts'
import type { Terms } from './desk/terms.ts'
import { reach } from './reach.ts'
import { type Sought, seek } from './whose.ts'

/** Who asks: a challenge is good for the customer and the application that it was made for, and for no other. */
export type Asker = {
  customer: string
  application: string
  /** At our own page: the browser that it was shown in. */
  browser?: string
}

const purposeOf = ({ customer, application, browser = '' }: Asker) => ({
  for: 'login' as const,
  about: [customer, application, browser],
})

/** Keeps nothing. @param seconds as long as the configuration says where it is left out. */
export async function offerPasskey(
  context: Context,
  asker: Asker,
  seconds?: number,
): Promise<{ challenge: string; rpId: string; untilAt: number }> {
  const { master, origin } = context.deployment
  const lasts = seconds ?? (await readSettings(context, asker.customer)).otpChallengeSeconds
  const untilAt = nowSeconds(context) + lasts
  const challenge = await makeChallenge(master, purposeOf(asker), untilAt, context.random)
  return { challenge, rpId: new URL(origin).hostname, untilAt }
}

/** What `navigator.credentials.get` gave, base64url. */
export type Assertion = {
  credentialId: string
  clientDataJSON: string
  authenticatorData: string
  signature: string
  userHandle: string
}

/** sought.missing: its person is gone, or their directory lets them in nowhere. */
export type PasskeyFound = { passkey: Passkey; sought: Sought }

/** @returns whose passkey it says it is. Nothing is proven yet. */
export async function ownerOfPasskey(
  context: Context,
  customer: string,
  credentialId: string,
): Promise<PasskeyFound | null> {
  const passkey = await findPasskey(context.db, customer, credentialId)
  if (!passkey) return null
  const sought = await seek(context, customer, { user: '', realm: '', serial: passkey.serial })
  return { passkey, sought }
}

export type PasskeyChecked =
  | PasskeyOutcome
  | { ok: false; reason: 'challenge_over' | 'unverified' | 'no_person' }

export type PasskeyAsked = Asker & {
  challenge: string
  assertion: Assertion
  client: string | null
  terms: Terms
}

/** A signature that does not hold wakes no object and counts for nothing: whoever knows a credential's id cannot lock its holder out. */
export async function checkPasskey(
  context: Context,
  { passkey, sought }: PasskeyFound,
  { challenge, assertion, client, terms, ...asker }: PasskeyAsked,
): Promise<PasskeyChecked> {
  const { master } = context.deployment
  const { customer, application } = asker
  const { address, about, person, missing } = sought
  const refused = async (reason: 'challenge_over' | 'unverified' | 'no_person') => {
    await writeAudit(context, {
      ...{ customer, application, action: 'check', success: false, serial: passkey.serial },
      user: about.user,
      realm: about.realm,
      client: client ?? undefined,
      detail: { reason },
    })
    return { ok: false, reason } as const
  }
  const now = nowSeconds(context)
  const open = await openChallenge(master, purposeOf(asker), challenge, now)
  if (!open) return refused('challenge_over')
  const signCount = await signCountOf(context, passkey, challenge, assertion)
  if (signCount === null) return refused('unverified')
  if (missing !== null || person === null) return refused('no_person')
  const handle = toBase64url(await userHandleOf(master, address.ownerId))
  if (!equalSecrets(assertion.userHandle, handle)) return refused('unverified')
  const use = {
    ...{ terms, application, client, challenge, signCount },
    untilAt: open.untilAt,
    serial: passkey.serial,
    credentialId: passkey.credentialId,
    attempt: toBase64url(context.random(12)),
  }
  return reach(context, address, (object) => object.usePasskey(address, use))
}

/** @returns what the authenticator has counted, or null where the signature proves nothing. */
async function signCountOf(
  { deployment: { origin } }: Context,
  { credentialId, publicKey }: Passkey,
  challenge: string,
  { clientDataJSON, authenticatorData, signature, userHandle }: Assertion,
): Promise<number | null> {
  // A page of ours inside another's is none that its person sees. The library asks for no more than the address of the outer one.
  if (isFramed(clientDataJSON)) return null
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        id: credentialId,
        rawId: credentialId,
        type: 'public-key',
        response: { clientDataJSON, authenticatorData, signature, userHandle },
        clientExtensionResults: {},
      },
      expectedChallenge: (signed) => isSigned(challenge, signed),
      expectedOrigin: origin,
      expectedRPID: new URL(origin).hostname,
      requireUserVerification: true,
      // What it has counted is compared where it is used up.
      credential: {
        id: credentialId,
        publicKey: fromBase64url(publicKey) ?? new Uint8Array(),
        counter: 0,
      },
    })
    return verified ? authenticationInfo.newCounter : null
  } catch {
    return null
  }
}

function isFramed(clientDataJSON: string): boolean {
  try {
    const text = new TextDecoder().decode(fromBase64url(clientDataJSON) ?? new Uint8Array())
    return (JSON.parse(text) as { crossOrigin?: unknown }).crossOrigin === true
  } catch {
    return true
  }
}
