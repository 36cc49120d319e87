/**
 * Which keys speak for the server. A device pins the thumbprint of the root key at enrolment; each link of the chain
 * is signed by the root or by a key linked before it, so that a signing key can be replaced without stranding anyone.
 */
import { type PublicJwk, headerOf, thumbprint, verify } from './jws.ts'
import { KeyLinkClaims, typ } from './signing.ts'

export type KeyChain = { root: PublicJwk; links: string[] }
/** Thumbprint → key. */
export type TrustedKeys = Map<string, PublicJwk>

/** @returns the keys to believe, or null where the root is not the expected one or a link does not hold. */
export async function trustedKeys(
  chain: KeyChain,
  expectedRoot: string,
): Promise<TrustedKeys | null> {
  if ((await thumbprint(chain.root)) !== expectedRoot) return null
  const trusted: TrustedKeys = new Map([[expectedRoot, chain.root]])
  for (const link of chain.links) {
    const signer = trusted.get(headerOf(link)?.kid ?? '')
    const claims = signer && (await verify(typ.keyLink, link, signer, KeyLinkClaims))
    if (!claims) return null
    trusted.set(await thumbprint(claims.key), claims.key)
  }
  return trusted
}
