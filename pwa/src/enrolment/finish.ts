/** Binds a fresh key of this device to the enrolment, and keeps both. Cut off half-way, it is repeated with the same key. */
import type { EnrolmentFinishOutcome } from '../../../schema/device.ts'
import type { EnrolmentInvitation } from '../../../schema/enrolment-link.ts'
import { trustedKeys } from '../../../schema/chain.ts'
import { sha256 } from '../../../schema/encoding.ts'
import { sign } from '../../../schema/jws.ts'
import { type EnrolmentClaims, typ } from '../../../schema/signing.ts'
import type { Result } from '../api/call.ts'
import { serverNow } from '../api/clock.ts'
import { fetchKeys } from '../api/device.ts'
import { finishEnrolment } from '../api/device.ts'
import { exportPublic } from '../../../schema/sealed.ts'
import { agreementFor, takeCodes } from '../codes/take.ts'
import { type KeyPair, database } from '../keys/database.ts'
import { keep } from '../keys/enrolments.ts'
import { generateKeyPair } from '../keys/generate.ts'

export type Finish = { invitation: EnrolmentInvitation; deviceName: string; expectedRoot: string }

const mismatch = {
  reason: 'root_mismatch',
  status: 403,
  detail: 'the server showed another root key',
}

export async function finish(asked: Finish): Promise<Result<EnrolmentFinishOutcome>> {
  const { invitation, deviceName, expectedRoot } = asked
  const credential =
    'code' in invitation ? { code: invitation.code } : { secret: invitation.secret }
  const draft = await sha256(JSON.stringify(credential))
  const pair = await keyPairFor(draft)

  const keys = await fetchKeys()
  if (!keys.ok) return keys
  const chain = { root: keys.value.root, links: keys.value.links }
  if (!(await trustedKeys(chain, expectedRoot))) return { ok: false, failure: mismatch }

  const agreement = await agreementFor(draft, pair)
  const claims: EnrolmentClaims = {
    aud: location.origin,
    ...credential,
    deviceName,
    agreement: await exportPublic(agreement.publicKey),
    iat: serverNow(),
  }
  const proof = await sign(typ.enrolment, claims, { key: pair.privateKey, jwk: pair.publicKey })
  const finished = await finishEnrolment(proof)
  if (!finished.ok) return finished
  if ('waiting' in finished.value) return { ok: true, value: finished.value }
  const { deviceId, serial, issuer, account, rootThumbprint } = finished.value
  if (rootThumbprint !== expectedRoot) return { ok: false, failure: mismatch }

  const taken = await takeCodes(finished.value.codes, agreement)
  const enrolment = {
    ...{ deviceId, serial, issuer, account, deviceName, rootThumbprint, chain },
    publicKey: pair.publicKey,
    enrolledAt: serverNow(),
    standing: 'active' as const,
    endpoint: null,
    verifierId: null,
    codes: taken && taken.codes,
  }
  await keep(enrolment, { pair, codes: taken && taken.key, draft })
  return finished
}

async function keyPairFor(draft: string): Promise<KeyPair> {
  const db = await database()
  const begun = await db.get('drafts', draft)
  if (begun) return begun
  const pair = await generateKeyPair()
  await db.put('drafts', pair, draft)
  return pair
}
