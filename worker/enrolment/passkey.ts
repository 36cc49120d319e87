/**
 * Registers a passkey, in two steps: what the browser shall make, and what it made. It is asked to be found without a name and to ask
 * for a finger, a face or a PIN. No attestation: who made the authenticator is not looked at.
 */
import { generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server'
import { fromBase64url, toBase64url } from '../../schema/encoding.ts'
import type { RegistrationResponse } from '../../schema/device.ts'
import { changeTokens } from '../challenge/change-tokens.ts'
import {
  type Purpose,
  isSigned,
  makeChallenge,
  openChallenge,
  userHandleOf,
} from '../crypto/passkey.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import { credentialsOf, deleteUnfinishedPasskeys, finishPasskey } from '../store/passkeys.ts'
import type { Person } from '../store/people.ts'
import { readSettings } from '../store/settings.ts'
import { insertToken } from '../store/tokens/insert.ts'
import type { TokenRow } from '../store/tokens/row.ts'
import { stoppableFrom, tellAdded } from './added.ts'
import { checkLimits, limitsFor, refuseInsert } from './limits.ts'
import { addressOf } from './manage.ts'
import { serialFor } from './serial.ts'

export type PasskeyWish = {
  customer: string
  person: Person & { realm: string; ownerId: OwnerId }
  /** Realms it is seen in beside the owner's. */
  realms: string[]
  client: string | null
  /** '' for a new one. */
  serial: string
  description: string
  validFrom: number | null
  validUntil: number | null
  /** The person themselves. */
  bySelf: boolean
}

/** ES256, and RS256 for what Windows keeps in a TPM. */
const algorithms = [-7, -257]

/** For this token alone: whoever registers for one person cannot finish it for another. */
const purposeOf = ({
  customer,
  ownerId,
  serial,
}: Pick<TokenRow, 'customer' | 'ownerId' | 'serial'>) =>
  ({ for: 'registration', about: [customer, ownerId, serial] }) satisfies Purpose

/** One at a time: a later registration takes the place of one that was not finished. @throws Refusal too_many_tokens · bad_parameter */
export async function beginPasskey(context: Context, wish: PasskeyWish) {
  const { master, issuer, origin } = context.deployment
  const { customer, person, realms, client, description, validFrom, validUntil, bySelf } = wish
  const { ownerId } = person
  const now = nowSeconds(context)
  const serial = serialFor(context, 'passkey', wish.serial)
  const seenIn = [...new Set([person.realm, ...realms])]
  const limited = { customer, type: 'passkey' as const, person, realms: seenIn, client, bySelf }
  const limits = await limitsFor(context, limited)
  await deleteUnfinishedPasskeys(context.db, ownerId)
  await checkLimits(context, limits)
  const { enrolmentSeconds, maxFailCount } = await readSettings(context, customer)
  const expiresAt = now + enrolmentSeconds
  const token = {
    ...{ serial, customer, ownerId, realms, description, maxFailCount, validFrom, validUntil },
    type: 'passkey' as const,
    rolloutState: 'clientwait' as const,
    person: person.id,
    realm: person.realm,
    createdAt: now,
    assignedAt: now,
    enrolmentExpiresAt: expiresAt,
    stoppableUntil: bySelf ? await stoppableFrom(context, ownerId, expiresAt) : null,
  }
  if (!(await insertToken(context.db, token, limits))) await refuseInsert(context, serial, limits)
  const challenge = await makeChallenge(master, purposeOf(token), expiresAt, context.random)
  const full = [person.givenname, person.surname].filter(Boolean).join(' ')
  const options = await generateRegistrationOptions({
    rpName: issuer,
    rpID: new URL(origin).hostname,
    userName: person.username,
    userDisplayName: full || person.username,
    userID: await userHandleOf(master, ownerId),
    challenge: fromBase64url(challenge) ?? new Uint8Array(),
    attestationType: 'none',
    excludeCredentials: (await credentialsOf(context.db, ownerId)).map((id) => ({ id })),
    authenticatorSelection: { userVerification: 'required', residentKey: 'required' },
    supportedAlgorithmIDs: algorithms,
    timeout: enrolmentSeconds * 1000,
  })
  return { serial, challenge, options, expiresAt }
}

/** @throws Refusal not_waiting · bad_parameter */
export async function endPasskey(
  context: Context,
  token: TokenRow,
  { challenge, response }: { challenge: string; response: RegistrationResponse },
): Promise<void> {
  const { master, origin } = context.deployment
  const { serial, customer } = token
  if (token.type !== 'passkey' || token.rolloutState !== 'clientwait' || token.revoked)
    refuse({ reason: 'not_waiting' })
  if (!(await openChallenge(master, purposeOf(token), challenge, nowSeconds(context))))
    refuse({
      reason: 'bad_parameter',
      field: 'transaction_id',
      mend: 'is not of this registration, or its time is over: begin again',
    })
  const checked = await verifyRegistrationResponse({
    response,
    expectedChallenge: (signed) => isSigned(challenge, signed),
    expectedOrigin: origin,
    expectedRPID: new URL(origin).hostname,
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms,
  }).catch(() => null)
  if (!checked?.verified)
    refuse({
      reason: 'bad_parameter',
      field: 'attestationObject',
      mend: `is not what ${origin} asked for: made there, for this challenge, with a finger, a face or a PIN`,
    })
  const { credential, credentialDeviceType } = checked.registrationInfo
  if (credential.id !== response.id)
    refuse({
      reason: 'bad_parameter',
      field: 'credential_id',
      mend: 'is another than attestationObject says',
    })
  const done = await changeTokens(context, addressOf(token), () =>
    finishPasskey(
      context.db,
      {
        serial,
        customer,
        credentialId: credential.id,
        publicKey: toBase64url(credential.publicKey),
        isSynced: credentialDeviceType === 'multiDevice',
        createdAt: nowSeconds(context),
      },
      credential.counter,
    ),
  )
  if (done === 'known')
    refuse({ reason: 'bad_parameter', field: 'credential_id', mend: 'is registered already' })
  if (done === 'not_waiting') refuse({ reason: 'not_waiting' })
  await tellAdded(context, token)
}
