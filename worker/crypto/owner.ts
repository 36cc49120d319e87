/** Who an object belongs to: a person (whatever their name is today), or a token that nobody owns. */
import { fromBase64url, toBase64url } from '../../schema/encoding.ts'
import { hmac } from './derive.ts'
import type { OwnerId } from './sealed-id.ts'

export type Owner =
  | { kind: 'person'; customer: string; realm: string; person: string }
  | { kind: 'token'; customer: string; serial: string }
  /** Whoever a name would be: asked like anybody, so that nobody can tell who exists. */
  | { kind: 'nobody'; customer: string; name: string; realm: string }
  /** An administrator. */
  | { kind: 'account'; customer: string; account: string }
  /** Nobody's: where guesses at accounts are counted. */
  | { kind: 'guesses'; customer: string; bucket: number }

/**
 * Sixteen bytes: the number of the database that the owner's customer lives in, and fifteen of an HMAC. Nobody can tell from the
 * id who it is, or make one; sealed in other ids, it leads an edge that knows nothing to the right database.
 */
export async function ownerIdOf(
  master: CryptoKey,
  owner: Owner,
  database: number,
): Promise<OwnerId> {
  const { kind, customer } = owner
  const bytes = await hmac(master, 'owner', JSON.stringify([kind, customer, ...nameOf(owner)]))
  return toBase64url(Uint8Array.of(database, ...bytes.subarray(1, 16))) as OwnerId
}

export const databaseOf = (ownerId: OwnerId): number => fromBase64url(ownerId)?.[0] ?? 0

function nameOf(owner: Owner): (string | number)[] {
  switch (owner.kind) {
    case 'person':
      return [owner.realm, owner.person]
    case 'token':
      return [owner.serial]
    case 'nobody':
      return [owner.realm, owner.name]
    case 'account':
      return [owner.account]
    case 'guesses':
      return [owner.bucket]
  }
}
