/** Who an object belongs to: a person (whatever their name is today), or a token that nobody owns. */
import { toBase64url } from '../../schema/encoding.ts'
import { hmac } from './derive.ts'
import type { OwnerId } from './sealed-id.ts'

export type Owner =
  | { kind: 'person'; customer: string; realm: string; person: string }
  | { kind: 'token'; customer: string; serial: string }
  /** Nobody's: where guesses at accounts are counted. */
  | { kind: 'guesses'; customer: string; bucket: number }

/** Sixteen bytes of an HMAC: nobody can tell from the id who it is, or make one. */
export async function ownerIdOf(master: CryptoKey, owner: Owner): Promise<OwnerId> {
  const { kind, customer } = owner
  const name =
    kind === 'person'
      ? [kind, customer, owner.realm, owner.person]
      : [kind, customer, kind === 'token' ? owner.serial : owner.bucket]
  const bytes = await hmac(master, 'owner', JSON.stringify(name))
  return toBase64url(bytes.subarray(0, 16)) as OwnerId
}
