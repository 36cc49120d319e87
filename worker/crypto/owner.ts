/** Who an object belongs to: a person (whatever their name is today), or a token that nobody owns. */
import { toBase64url } from '../../schema/encoding.ts'
import { hmac } from './derive.ts'
import type { OwnerId } from './sealed-id.ts'

export type Owner =
  | { kind: 'person'; customer: string; realm: string; person: string }
  | { kind: 'token'; customer: string; serial: string }

/** Sixteen bytes of an HMAC: nobody can tell from the id who it is, or make one. */
export async function ownerIdOf(master: CryptoKey, owner: Owner): Promise<OwnerId> {
  const name =
    owner.kind === 'person'
      ? [owner.kind, owner.customer, owner.realm, owner.person]
      : [owner.kind, owner.customer, owner.serial]
  const bytes = await hmac(master, 'owner', JSON.stringify(name))
  return toBase64url(bytes.subarray(0, 16)) as OwnerId
}
