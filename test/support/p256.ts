/**
 * One place to make P-256 key pairs: the runtimes' types disagree on what `generateKey` gives, the runtimes do not.
 */
export const p256Keys = (usage: 'sign' | 'agree', extractable: boolean): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey(
    { name: usage === 'sign' ? 'ECDSA' : 'ECDH', namedCurve: 'P-256' },
    extractable,
    usage === 'sign' ? ['sign', 'verify'] : ['deriveBits'],
  ) as Promise<CryptoKeyPair>
